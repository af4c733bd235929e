"""Parts that objects of several kinds have, such as names, labels, quantities and pod templates.

Each module says what the API server fills in, and what it refuses, where such a part stands in an object. The kinds
(`kubesim.kinds`) are made of them.
"""
