"""Serves one language model over HTTP in the manner of OpenAI, on 127.0.0.1, until it is told to stop.

The work is done by llama.cpp, which the package xllamacpp brings along; `sba` starts this script with that package on
its path. Clients must show the key in the variable SBA_MODEL_KEY, so no other user of the machine is served. It prints
the address and `ready` when the model is loaded.
"""

import argparse
import os
import signal
import sys


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the model, a GGUF file")
    parser.add_argument("--name", required=True, help="the model's name towards clients")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on")
    parser.add_argument("--threads", type=int, required=True, help="threads that compute")
    parser.add_argument("--parallel", type=int, required=True, help="requests answered at one time")
    parser.add_argument("--context", type=int, required=True, help="tokens of context of each request")
    return parser.parse_args()


def main() -> int:
    if sys.version_info < (3, 10):
        print("Python 3.10 or later is needed", file=sys.stderr)
        return 2
    import xllamacpp

    chosen = options()
    params = xllamacpp.CommonParams()
    params.model.path = chosen.model
    params.model_alias = {chosen.name}
    params.hostnames = ["127.0.0.1"]
    params.port = chosen.port
    params.cpuparams.n_threads = chosen.threads
    params.cpuparams_batch.n_threads = chosen.threads
    params.n_parallel = chosen.parallel
    params.n_ctx = chosen.context * chosen.parallel
    params.api_keys = [os.environ["SBA_MODEL_KEY"]]
    params.endpoint_metrics = False
    params.endpoint_props = False
    params.ui = False

    # Blocked before the server starts its threads, so that only this one is woken.
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    server = xllamacpp.Server(params)
    print(f"{server.listening_address} ready", flush=True)
    signal.sigwait(stops)
    del server
    return 0


if __name__ == "__main__":
    sys.exit(main())
