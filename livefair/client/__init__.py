"""The Python SDK: connect, subscribe, resume, acknowledge, and the HTTP calls.

It uses only the contract that any other client has.
"""
