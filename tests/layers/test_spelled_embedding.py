"""Words embedded by their entry and by their spelling."""

import numpy as np

from kseq2seq.layers import SpelledEmbedding


def test_it_is_the_sum_of_an_entry_and_the_largest_features_of_the_spelling():
    embed = SpelledEmbedding(words=9, characters=7, dim=4, character_dim=3, filters=5, width=3)
    ids = np.array([[[2, 1, 4, 6, 0, 0], [3, 5, 0, 0, 0, 0]]], "int32")
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in embed.weights}
    table, kernel = weights["characters/embeddings"], weights["convolution/kernel"]
    for place, (word, *letters) in enumerate(ids[0].tolist()):
        real = [table[letter] for letter in letters if letter]
        padded = np.stack([np.zeros(3), *real, np.zeros(3)])  # one on each side
        features = [
            np.einsum("wd,wdf->f", padded[i : i + 3], kernel) + weights["convolution/bias"]
            for i in range(len(real))
        ]
        largest = np.maximum(features, 0).max(axis=0)
        spelling = largest @ weights["spelling/kernel"] + weights["spelling/bias"]
        wanted = weights["words/embeddings"][word] + spelling
        np.testing.assert_allclose(embed(ids)[0, place], wanted, atol=1e-5)


def test_its_configuration_makes_it_again():
    embed = SpelledEmbedding(words=9, characters=7, dim=4, filters=5)
    again = SpelledEmbedding.from_config(embed.get_config())
    again.set_weights(embed.get_weights())
    ids = np.array([[[2, 1, 4, 6]]], "int32")
    np.testing.assert_array_equal(embed(ids), again(ids))
