"""The floor of the market process: the same stream, read and parsed, and nothing else."""

from core.exchange import mark_stream

if __name__ == "__main__":
    stream = mark_stream("paper")
    while True:
        stream.read(1.0)
