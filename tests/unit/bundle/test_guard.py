"""Models that do more than arithmetic on their input are refused before they are loaded."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto, helper

from automl_core.bundle.runtime import BundleError, check_onnx, open_session

from .conftest import model_bytes


def model_of(*nodes: onnx.NodeProto, initializers: tuple[TensorProto, ...] = ()) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])],
        initializer=list(initializers),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def identity() -> onnx.NodeProto:
    return helper.make_node("Identity", ["x"], ["y"])


def external_tensor() -> TensorProto:
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    return tensor


def with_external_initializer() -> onnx.ModelProto:
    return model_of(identity(), initializers=(external_tensor(),))


def with_external_constant() -> onnx.ModelProto:
    return model_of(helper.make_node("Constant", [], ["w"], value=external_tensor()), identity())


def with_subgraph(operator: str) -> onnx.ModelProto:
    body = model_of(identity()).graph
    return model_of(helper.make_node(operator, ["x"], ["y"], body=body))


def with_hidden_subgraph() -> onnx.ModelProto:
    node = identity()
    node.attribute.append(
        AttributeProto(name="b", type=AttributeProto.INT, i=1, g=model_of(identity()).graph)
    )
    return model_of(node)


def with_operator(operator: str, domain: str = "") -> onnx.ModelProto:
    return model_of(helper.make_node(operator, ["x"], ["y"], domain=domain))


def with_imported_domain() -> onnx.ModelProto:
    model = model_of(identity())
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def with_function() -> onnx.ModelProto:
    model = model_of(identity())
    model.functions.append(
        helper.make_function("local", "F", ["a"], ["b"], [], [helper.make_opsetid("", 17)])
    )
    return model


def with_sparse_initializer() -> onnx.ModelProto:
    model = model_of(identity())
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(
            helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0]),
            helper.make_tensor("i", TensorProto.INT64, [1], [0]),
            [4],
        )
    )
    return model


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(with_external_initializer(), id="external-initializer"),
        pytest.param(with_external_constant(), id="external-constant"),
        pytest.param(with_subgraph("Loop"), id="loop"),
        pytest.param(with_subgraph("Scan"), id="scan"),
        pytest.param(with_subgraph("If"), id="if"),
        pytest.param(with_hidden_subgraph(), id="hidden-subgraph"),
        pytest.param(with_operator("Relu"), id="operator-of-no-family"),
        pytest.param(with_operator("Identity", "com.example"), id="foreign-domain"),
        pytest.param(with_imported_domain(), id="imported-domain"),
        pytest.param(with_function(), id="function"),
        pytest.param(with_sparse_initializer(), id="sparse-initializer"),
    ],
)
def test_a_model_that_does_more_than_arithmetic_is_refused(model: onnx.ModelProto):
    with pytest.raises(BundleError):
        check_onnx(model.SerializeToString())


def test_a_harmless_model_passes():
    check_onnx(model_of(identity()).SerializeToString())


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_our_own_graphs_pass(task: str):
    assert open_session(model_bytes(task)).get_inputs()[0].name == "x"


def test_two_graphs_in_one_file_are_refused():
    # A protobuf reader merges them, so that the second could hide behind the first.
    data = model_of(identity()).SerializeToString()

    with pytest.raises(BundleError):
        check_onnx(data + data)


@given(st.integers(0, len(model_bytes("binary")) - 1))
def test_a_model_that_was_cut_is_refused(length: int):
    with pytest.raises(BundleError):
        open_session(model_bytes("binary")[:length])


@given(st.binary(max_size=300))
def test_bytes_that_are_no_model_are_refused(data: bytes):
    with pytest.raises(BundleError):
        open_session(data)


@given(st.integers(0, len(model_bytes("binary")) - 1), st.integers(1, 255))
def test_a_changed_byte_never_does_worse_than_a_refusal(at: int, change: int):
    data = bytearray(model_bytes("binary"))
    data[at] ^= change

    try:
        check_onnx(bytes(data))
    except BundleError:
        return


@given(
    st.lists(
        st.one_of(
            st.lists(st.floats(width=32), min_size=1, max_size=5),
            st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
            st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=3),
        ),
        max_size=4,
    )
)
def test_attributes_of_every_length_are_walked(values: list[list[object]]):
    attributes = {f"a{number}": value for number, value in enumerate(values)}
    node = helper.make_node("Identity", ["x"], ["y"], **attributes)
    evil = helper.make_node("Constant", [], ["w"], value=external_tensor())

    check_onnx(model_of(node).SerializeToString())
    with pytest.raises(BundleError, match="another file"):
        check_onnx(model_of(node, evil).SerializeToString())
