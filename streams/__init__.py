"""The folds: stages on the decision log, and derived views.

Streams never import services; both meet only in what livefair.wire declares.
"""
