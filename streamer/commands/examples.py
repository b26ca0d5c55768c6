"""What each command's `--help` shows by example. A test parses every line of it."""

Examples = tuple[tuple[str, str], ...]
"""(what it does, what to type) in the order of learning."""

EXAMPLES: dict[str, Examples] = {
    "": (
        ("a gate that is rendered, with the portal; nothing to set up", "plate-streamer demo"),
        ("the plates of a picture, as JSON", "plate-streamer read car.jpg"),
        ("your own cameras", "plate-streamer run gate.yaml"),
    ),
    "run": (
        ("until Ctrl-C or SIGTERM; events go where gate.yaml says", "plate-streamer run gate.yaml"),
        (
            "with a camera's password from the environment, where gate.yaml says ${GATE_PASSWORD}",
            "GATE_PASSWORD=secret plate-streamer run gate.yaml",
        ),
    ),
    "check-config": (
        ("all that is wrong with it, at once", "plate-streamer check-config gate.yaml"),
        (
            "one of another machine, whose weights are not here",
            "plate-streamer check-config gate.yaml --without-models",
        ),
        (
            "start only what is good",
            "plate-streamer check-config gate.yaml && systemctl restart plate-streamer",
        ),
    ),
    "demo": (
        ("five vehicles, and how many were read right", "plate-streamer demo"),
        ("by night, as fast as this machine goes", "plate-streamer demo --night --fast"),
        ("keep the portal open afterwards", "plate-streamer demo --vehicles 20 --stay"),
    ),
    "read": (
        ("one JSON line: the plates, best first", "plate-streamer read car.jpg"),
        (
            "a folder as a table, and the pictures with boxes",
            "plate-streamer read holiday/ --format csv --output plates.csv --annotate seen/",
        ),
        ("one event line per vehicle", "plate-streamer read clip.mp4"),
        (
            "a camera, with the reader and the formats of the daemon",
            "plate-streamer read rtsp://192.0.2.10:554/stream1 --config gate.yaml",
        ),
    ),
    "train": (
        (
            "first: annotations as XML into one table",
            "plate-streamer train import-voc annotations/ --images images/ --output data/mine.csv",
        ),
        (
            "then the network that finds plates",
            "plate-streamer train detector --data data/mine.csv --images images/ --hours 1",
        ),
    ),
    "train import-voc": (
        (
            "XML and pictures in one folder",
            "plate-streamer train import-voc annotations/ --output data/mine.csv",
        ),
        (
            "take the plate's text from an attribute; write the layout of YOLO as well",
            "plate-streamer train import-voc annotations/ --images images/ --output data/mine.csv"
            " --text-attribute plate --yolo yolo/",
        ),
    ),
    "train pre-label": (
        (
            "labels for a tool such as labelImg; correct them there",
            "plate-streamer train pre-label pictures/ --output labels/ --format voc",
        ),
        (
            "for CVAT or Label Studio, with the daemon's reader",
            "plate-streamer train pre-label pictures/ --output labels/ --format coco"
            " --config gate.yaml",
        ),
    ),
    "train import-yolo": (
        (
            "labels and pictures in one folder",
            "plate-streamer train import-yolo labels/ --output data/mine.csv",
        ),
        (
            "the plate's text is the class; keep the folders train and val",
            "plate-streamer train import-yolo labels/ --images images/ --output data/mine.csv"
            " --text-is-class --keep-splits",
        ),
    ),
    "train import-coco": (
        (
            "a file of CVAT's or Label Studio's",
            "plate-streamer train import-coco labels.json --images images/ --output data/mine.csv",
        ),
        (
            "of several classes only plates",
            "plate-streamer train import-coco labels.json --images images/ --output data/mine.csv"
            " --class plate",
        ),
    ),
    "train export-labels": (
        (
            "a table as XML, to correct it in a labelling tool",
            "plate-streamer train export-labels data/mine.csv --output labels/ --format voc",
        ),
        (
            "the plate's text as the class, where a tool knows nothing else",
            "plate-streamer train export-labels data/mine.csv --output labels/ --format yolo"
            " --text-as class",
        ),
    ),
    "train detector": (
        (
            "go on from our network for an hour",
            "plate-streamer train detector --data data/annotations --run runs/mine --hours 1"
            " --start models/weights/plate-detector.onnx",
        ),
        (
            "what was interrupted goes on",
            "plate-streamer train detector --data data/annotations --run runs/mine --resume",
        ),
    ),
    "train export": (
        (
            "the network and its card",
            "plate-streamer train export --run runs/mine --output my.onnx",
        ),
        (
            "a quarter of the size, about half the time",
            "plate-streamer train export --run runs/mine --output my.onnx --int8",
        ),
    ),
    "train quantize": (
        (
            "any detector's file",
            "plate-streamer train quantize my.onnx --data data/annotations --output my-int8.onnx",
        ),
        (
            "for pictures of 640 x 384",
            "plate-streamer train quantize my.onnx --data data/annotations --size 640 384"
            " --output my-int8.onnx",
        ),
    ),
    "train corners": (
        (
            "it learns from the mistakes of your own detector",
            "plate-streamer train corners --data data/annotations --detector my.onnx",
        ),
        (
            "what was interrupted goes on",
            "plate-streamer train corners --data data/annotations --resume",
        ),
    ),
    "train export-corners": (
        (
            "from the default folder",
            "plate-streamer train export-corners --data data/annotations --output my-corners.onnx",
        ),
        (
            "from another run",
            "plate-streamer train export-corners --data data/annotations --run runs/second"
            " --output my-corners.onnx",
        ),
    ),
    "train reader": (
        (
            "go on from our network for an hour",
            "plate-streamer train reader --data data/annotations --run runs/reader --hours 1"
            " --start models/weights/plate-reader.onnx",
        ),
        (
            "learn from what was corrected in the portal",
            "plate-streamer train reader --data lessons/annotations --run runs/reader --hours 1"
            " --start models/weights/plate-reader.onnx",
        ),
    ),
    "train export-reader": (
        (
            "calibrated on the val crops",
            "plate-streamer train export-reader --data data/annotations --output my-reader.onnx",
        ),
        (
            "with a remark in its card",
            "plate-streamer train export-reader --data data/annotations --output my-reader.onnx"
            " --note 'plates of one gate'",
        ),
    ),
    "evaluate": (
        (
            "pictures whose plates a table knows; print each one that is wrong",
            "plate-streamer evaluate --truth plates.csv --wrong",
        ),
        (
            "and a page that shows them",
            "plate-streamer evaluate --truth plates.csv --images pictures/ --gallery wrong.html",
        ),
        (
            "the daemon on rendered traffic",
            "plate-streamer evaluate passages --passages 80",
        ),
    ),
    "evaluate detector": (
        (
            "your own network, and a page of its faults",
            "plate-streamer evaluate detector --data data/annotations --weights my.onnx"
            " --gallery faults.html",
        ),
        (
            "no network at all, as a baseline",
            "plate-streamer evaluate detector --data data/annotations --detector contours",
        ),
    ),
    "evaluate reader": (
        (
            "two readers, side by side",
            "plate-streamer evaluate reader --data data/annotations --reader ctc --reader rapidocr",
        ),
        (
            "your own weights beside ours",
            "plate-streamer evaluate reader --data data/annotations --reader ctc"
            " --reader mine=ctc --option mine.weights=my-reader.onnx",
        ),
    ),
    "evaluate passages": (
        (
            "all conditions",
            "plate-streamer evaluate passages --passages 320",
        ),
        (
            "your own settings, by night; say what went wrong",
            "plate-streamer evaluate passages --condition night --config gate.yaml --faults",
        ),
        (
            "vote again on what --record looks.gz kept, with errors put in",
            "plate-streamer evaluate passages --recorded looks.gz --noise 0.04",
        ),
    ),
    "benchmark": (
        ("a rendered gate, with the parts that come with us", "plate-streamer benchmark"),
        (
            "half a minute of your own camera, with your own settings",
            "plate-streamer benchmark gate.mp4 --seconds 30 --config gate.yaml",
        ),
    ),
    "weights": (
        (
            "a file, with the sum that it must have",
            "plate-streamer weights https://192.0.2.40/plates.onnx#sha256="
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ),
        ("a file of a repository", "plate-streamer weights hf:owner/repo/plates.onnx"),
    ),
    "serve": (
        ("read pictures that are sent; no cameras, no configuration", "plate-streamer serve"),
        (
            "look at the archive of a daemon, on another port",
            "plate-streamer serve gate.yaml --port 8091",
        ),
    ),
    "password": (
        ("asks for it twice, prints what goes into web.users", "plate-streamer password"),
        ("from a script", "openssl rand -hex 12 | plate-streamer password"),
    ),
    "schemas": (
        ("print the JSON Schemas", "plate-streamer schemas"),
        ("write them as files, with the AsyncAPI document", "plate-streamer schemas --output docs"),
    ),
    "dead-letters": (
        ("what never arrived, and why", "plate-streamer dead-letters gate.yaml"),
        (
            "have them wait for the receiver again (with the daemon stopped)",
            "plate-streamer dead-letters gate.yaml --retry webhook",
        ),
    ),
    "export-corrections": (
        ("a folder to train on", "plate-streamer export-corrections gate.yaml --output lessons/"),
        (
            "one file, to take elsewhere",
            "plate-streamer export-corrections gate.yaml --output lessons.zip",
        ),
    ),
    "completion": (
        (
            "bash, for you alone (the folder has to be there: mkdir -p); open a new shell then",
            "plate-streamer completion bash"
            " > ~/.local/share/bash-completion/completions/plate-streamer",
        ),
        (
            "zsh, where ~/.zfunc is in fpath before compinit",
            "plate-streamer completion zsh > ~/.zfunc/_plate-streamer",
        ),
        (
            "fish",
            "plate-streamer completion fish > ~/.config/fish/completions/plate-streamer.fish",
        ),
    ),
}
"""By the words of the command; the empty one is `plate-streamer` itself."""
