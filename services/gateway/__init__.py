"""The websocket door: live publications, resume, acknowledgements.

Protocol decisions are livefair.wire's sans-I/O session; the files here only pump sockets.
"""
