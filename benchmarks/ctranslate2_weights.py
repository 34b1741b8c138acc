"""A Transformer's weights under the names of CTranslate2's specification."""

import numpy as np

import kseq2seq as ks

PLACES = 1024  # of a table of sinusoids; the longest source that CTranslate2 takes by default


def encoder_blocks(model: ks.Seq2Seq) -> list:
    return [layer for layer in model.encoder.layers if layer.name.startswith("block_")]


def weights(model: ks.Seq2Seq, config: dict) -> dict[str, np.ndarray]:
    """Returns a Transformer's weights, float32, by their places in CTranslate2's specification.

    Its matrices are (outputs, inputs), ours (inputs, outputs); queries, keys and values are one
    matrix on both sides, in this order. What has no bias here needs none there.
    """
    arrays = {}

    def put(place, array):
        arrays[place] = np.ascontiguousarray(np.array(array, "float32"))

    def norm(place, layer):
        put(f"{place}/gamma", layer.gamma)
        put(f"{place}/beta", layer.beta)

    def sublayer(place, residual, *maps):
        norm(f"{place}/layer_norm", residual.normalize)
        for index, layer in enumerate(maps):
            put(f"{place}/linear_{index}/weight", np.transpose(layer.kernel))
            if layer.use_bias:
                put(f"{place}/linear_{index}/bias", layer.bias)

    def feed_forward(place, block):
        network = block.feed_forward
        sublayer(place, block.fed, network.inner, network.outer)
        if network.gated:  # the half under the activation comes first
            gate, linear = np.split(arrays[f"{place}/linear_0/weight"], 2)
            put(f"{place}/linear_0/weight", gate)
            put(f"{place}/linear_0_noact/weight", linear)

    def embedding(side, place, layer):
        put(f"{place}/weight", layer.table.embeddings)
        encodings = layer.places.embeddings if layer.position_scheme == "learned" else sinusoids
        put(f"{side}/position_encodings/encodings", encodings)

    sinusoids = ks.layers.sinusoid(np.arange(PLACES), config["hidden_dim"])
    decoder = model.decoder
    embedding("encoder", "encoder/embeddings_0", model.encoder.get_layer("embedding"))
    for index, block in enumerate(encoder_blocks(model)):
        place = f"encoder/layer_{index}"
        attention = block.attention
        maps = attention.projection, attention.output_projection
        sublayer(f"{place}/self_attention", block.attended, *maps)
        feed_forward(f"{place}/ffn", block)
    embedding("decoder", "decoder/embeddings", decoder.embedding)
    for index, block in enumerate(decoder.blocks):
        place = f"decoder/layer_{index}"
        attention = block.self_attention
        maps = attention.projection, attention.output_projection
        sublayer(f"{place}/self_attention", block.self_attended, *maps)
        attention = block.cross_attention
        maps = attention.query_projection, attention.projection, attention.output_projection
        sublayer(f"{place}/attention", block.cross_attended, *maps)
        feed_forward(f"{place}/ffn", block)
    if config["norm"] == "pre":
        norm("encoder/layer_norm", model.encoder.get_layer("norm"))
        norm("decoder/layer_norm", decoder.normalize)
    table = decoder.table
    tied = table.tie_weights
    put(
        "decoder/projection/weight",
        table.embeddings if tied else np.transpose(table.reverse_embeddings),
    )
    return arrays
