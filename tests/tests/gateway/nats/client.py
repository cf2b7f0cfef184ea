"""What a tenant's own program does with nats-py as it comes: client.py <file with the gateway's answer>."""

import asyncio
import base64
import json
import sys

import nats
from nacl.signing import SigningKey

DEADLINE = 30


def proof(credentials):
    """Token and signature, as `user_credentials` has them made where the package nkeys is installed."""
    lines = credentials.splitlines()
    after = lambda head: lines[next(n for n, line in enumerate(lines) if head in line) + 1]
    seed = base64.b32decode(after("BEGIN USER NKEY SEED") + "======")[2:34]
    sign = lambda nonce: base64.b64encode(SigningKey(seed).sign(nonce.encode()).signature)
    return {"user_jwt_cb": lambda: after("BEGIN NATS USER JWT").encode(), "signature_cb": sign}


async def main(access):
    nc = await nats.connect(
        access["servers"],
        **proof(access["credentials"]),
        inbox_prefix=access["inbox_prefix"].encode(),
    )
    caller = access["public_key"]

    async def ask(subject, body):
        answer = await nc.request(subject, json.dumps(body).encode(), timeout=DEADLINE)
        return json.loads(answer.data)

    live = await nc.subscribe("live.*.*")
    feed = await ask(f"feed.{caller}.open", {"from": "now"})
    started = await ask(f"cmd.{caller}.start", {"prompt": "What is due?", "idempotency_key": "python"})
    refused = await ask(f"cmd.{caller}.resume.{started['run_id']}", {})
    watched = await live.next_msg(timeout=DEADLINE)

    js = nc.jetstream(domain=feed["domain"])
    reader = await js.pull_subscribe_bind(feed["consumer"], feed["streams"][0])
    [read] = await reader.fetch(1, timeout=DEADLINE)
    await read.ack_sync(timeout=DEADLINE)
    info = await js.consumer_info(feed["streams"][0], feed["consumer"])
    service = await nc.request("$SRV.PING.sba", b"", timeout=DEADLINE)

    said = {
        "run": started["run_id"],
        "refused": refused["error"]["code"],
        "watched": [watched.subject, watched.headers["Sba-Types"]],
        "read": [read.subject, read.headers["Sba-Types"]],
        "left": [info.num_pending, info.num_ack_pending],
        "service": json.loads(service.data)["name"],
    }
    print(json.dumps(said))
    await nc.drain()


with open(sys.argv[1]) as file:
    asyncio.run(main(json.load(file)))
