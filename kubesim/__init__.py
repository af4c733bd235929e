"""A simulated cluster: an API over real HTTP, controllers, kubelets, CoreDNS and containers that serve.

It imports nothing of the code that measures it; they meet only over HTTP and DNS.
"""
