"""An RTSP camera on loopback.

    /usr/bin/python3 rtsp_server.py FILE.mp4 [PORT [USER:PASSWORD [basic|digest]]]

Needs the system's Python, for GStreamer's bindings are in no wheel. Serves rtsp://…/cam: the
coded pictures of FILE (H.264) over and over, with timestamps that never jump back, and
rtsp://…/sound: a tone without any picture; rtsp://…/jpeg: a test picture as motion JPEG.
Prints `READY <port>`.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)


def coded_pictures(path):
    """The access units of a file, each (bytes, is it a key picture, when it is shown in ns)."""
    pipeline = Gst.parse_launch(
        f'filesrc location="{path}" ! qtdemux ! h264parse config-interval=-1'
        " ! video/x-h264,stream-format=byte-stream,alignment=au"
        " ! appsink name=sink sync=false max-buffers=0"
    )
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)
    units = []
    while (sample := sink.emit("pull-sample")) is not None:
        buffer = sample.get_buffer()
        key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        units.append((buffer.extract_dup(0, buffer.get_size()), key, buffer.pts))
    pipeline.set_state(Gst.State.NULL)
    first = min(shown for *_, shown in units)
    return [(data, key, shown - first) for data, key, shown in units]


class Film:
    """Feeds one client's pipeline with all units in their order, for ever."""

    def __init__(self, units):
        self.units, self.count = units, 0
        last = max(shown for *_, shown in units)
        self.step = last // max(len(units) - 1, 1)
        self.length = last + self.step

    def feed(self, appsrc, _):
        turn, index = divmod(self.count, len(self.units))
        data, key, shown = self.units[index]
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.pts = turn * self.length + shown
        buffer.dts = turn * self.length + index * self.step
        buffer.duration = self.step
        if not key:
            buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
        self.count += 1
        appsrc.emit("push-buffer", buffer)


class Camera(GstRtspServer.RTSPMediaFactory):
    def __init__(self, units):
        super().__init__()
        self.units = units
        self.set_shared(True)
        self.set_launch(
            "( appsrc name=film is-live=true block=true format=time max-bytes=400000"
            " caps=video/x-h264,stream-format=byte-stream,alignment=au"
            " ! h264parse config-interval=-1 ! identity sync=true"
            " ! rtph264pay name=pay0 pt=96 config-interval=1 )"
        )

    def do_configure(self, media):
        GstRtspServer.RTSPMediaFactory.do_configure(self, media)
        appsrc = media.get_element().get_by_name("film")
        appsrc.connect("need-data", Film(self.units).feed)


def guard(server, login, method):
    """Ask every client for this user and password."""
    auth = GstRtspServer.RTSPAuth()
    user, _, password = login.partition(":")
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "viewer")
    if method == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)


def main(path, port="0", login="", method="basic"):
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factories = {
        "/cam": Camera(coded_pictures(path)),
        "/sound": launched("audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0"),
        "/jpeg": launched(
            "videotestsrc is-live=true"
            " ! video/x-raw,format=I420,width=320,height=240,framerate=10/1"
            " ! jpegenc ! rtpjpegpay name=pay0"
        ),
    }
    if login:
        guard(server, login, method)
    for place, factory in factories.items():
        if login:
            factory.add_role_from_structure(role_of_viewer())
        server.get_mount_points().add_factory(place, factory)
    if not server.attach(None):
        sys.exit(f"port {port} is taken")
    print(f"READY {server.get_bound_port()}", flush=True)
    GLib.MainLoop().run()


def launched(pipeline):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {pipeline} )")
    return factory


def role_of_viewer():
    role = Gst.Structure.new_empty("viewer")
    role.set_value("media.factory.access", True)
    role.set_value("media.factory.construct", True)
    return role


if __name__ == "__main__":
    main(*sys.argv[1:])
