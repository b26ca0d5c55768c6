"""S3 on loopback, as moto has it: no bucket of anybody's is touched."""

import gc
import logging
import socket
import threading
import uuid
from contextlib import contextmanager

import boto3
import requests
from moto.server import ThreadedMotoServer

from broker import free_port

LOGIN = {"key": "AKIAGATE0000TEST", "secret": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLE"}


class S3Server:
    """`with S3Server() as s3:` a bucket of its own, at `s3.pictures_url` for `s3.options`.

    What is in it is still there when it is stopped and started again.
    """

    def __init__(self):
        self.bucket = f"gate-{uuid.uuid4().hex[:8]}"
        self.pictures_url = f"s3://{self.bucket}/north"
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.options = {"endpoint_url": self.url, **LOGIN}
        self._server = None

    def start(self):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer("127.0.0.1", self._port, verbose=False)
        self._server.start()

    def stop(self):
        if self._server is not None:
            self._server.stop()
            self._server = None

    def make_bucket(self):
        self._client().create_bucket(Bucket=self.bucket)

    def _client(self):
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=LOGIN["key"],
            aws_secret_access_key=LOGIN["secret"],
            region_name="us-east-1",
        )

    def files(self):
        """What is in the bucket, by name below `north/`."""
        client = self._client()
        listed = client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {
            one["Key"].removeprefix("north/"): client.get_object(
                Bucket=self.bucket, Key=one["Key"]
            )["Body"].read()
            for one in listed
        }

    def put(self, name, content):
        self._client().put_object(Bucket=self.bucket, Key=f"north/{name}", Body=content)

    @contextmanager
    def refusing_everybody(self):
        """Nobody's login is known for a while."""
        self._auth("0")
        try:
            yield
        finally:
            self._auth("inf")

    def _auth(self, after):
        requests.post(f"{self.url}/moto-api/reset-auth", data=after, timeout=60)

    def __enter__(self):
        self.start()
        self.make_bucket()
        return self

    def __exit__(self, *_):
        self.stop()
        gc.collect()  # what s3fs leaves behind is not to be cleared up in the middle of a test


@contextmanager
def silent_server():
    """A port where connections are taken and nothing is ever said; gives its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def waited_for():
    """The threads that would keep a process from ending."""
    return [one for one in threading.enumerate() if not one.daemon and one.name != "MainThread"]
