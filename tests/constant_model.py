"""A model of ultralytics' kind that knows its answer."""

import numpy as np


def write_constant(path, answer, names, task="detect", size=(384, 640), **more):
    """An export of ultralytics' kind, free of overlaps, that answers all pictures alike."""
    import onnx

    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    answer = np.array(answer, np.float32)[None]
    image = helper.make_tensor_value_info("images", kind, [1, 3, *size])
    output = helper.make_tensor_value_info("output0", kind, answer.shape)
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["answer", "nothing"], ["output0"]),
    ]
    constants = [
        helper.make_tensor("answer", kind, answer.shape, answer.ravel()),
        helper.make_tensor("zero", kind, [], [0.0]),
    ]
    graph = helper.make_graph(nodes, "constant", [image], [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    about = {"task": task, "names": names, "stride": 32, "batch": 1, "end2end": True, **more}
    if not isinstance(size[0], str):
        about["imgsz"] = list(size)
    helper.set_model_props(model, {key: str(value) for key, value in about.items()})
    onnx.save(model, path)
    return path
