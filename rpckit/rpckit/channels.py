"""The client side: one channel per peer and process."""

import grpc

from rpckit.serve import MAX_MESSAGE_BYTES

OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.lb_policy_name", "round_robin"),  # a DNS name with several addresses is several replicas
    # A channel does not inherit the backoff of an older one that lost the same address.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]


def open_channel(target: str) -> grpc.aio.Channel:
    """A channel that reconnects fast, notices a dead peer, and balances over replicas."""
    return grpc.aio.insecure_channel(target, options=OPTIONS)
