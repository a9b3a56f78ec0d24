"""`transformers` families beyond those of the acceptance tests: one training step each."""

from __future__ import annotations

import pytest
import torch

import stetho
from acceptance.test_hugging_face import SMALL, TEXT, classified, images, tokens

transformers = pytest.importorskip("transformers")
WIDE = {"num_attention_heads": 4, "num_hidden_layers": 2, "hidden_size": 32}
GROUPED = {**TEXT, **SMALL, "num_key_value_heads": 2}


def sounds():
    return {"input_values": torch.randn(4, 400), "labels": torch.tensor([0, 1, 0, 1])}


def speech():
    ids = torch.randint(0, 64, (4, 8))
    return {"input_features": torch.randn(4, 8, 32), "labels": ids}


def pairs():
    ids = torch.randint(0, 64, (4, 16))
    return {"input_ids": ids, "pixel_values": torch.randn(4, 3, 32, 32), "return_loss": True}


# family: (config class, model class, settings, batch, functions, sites)
FAMILIES = {
    "distilbert": (
        "DistilBertConfig",
        "DistilBertForSequenceClassification",
        {**TEXT, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
        classified,
        {"gelu", "relu"},
        3,
    ),
    "albert": ("AlbertConfig", "AlbertForMaskedLM", {**TEXT, **SMALL}, tokens, {"gelu_tanh"}, 3),
    "electra": (
        "ElectraConfig",
        "ElectraForSequenceClassification",
        {**TEXT, **SMALL, "embedding_size": 16},
        classified,
        {"gelu"},
        3,
    ),
    "deberta-v2": (
        "DebertaV2Config",
        "DebertaV2ForSequenceClassification",
        {**TEXT, **SMALL, "pooler_hidden_size": 32},
        classified,
        {"gelu"},
        3,
    ),
    "mistral": ("MistralConfig", "MistralForCausalLM", GROUPED, tokens, {"silu"}, 2),
    "qwen2": ("Qwen2Config", "Qwen2ForCausalLM", GROUPED, tokens, {"silu"}, 2),
    "phi": ("PhiConfig", "PhiForCausalLM", GROUPED, tokens, {"gelu_tanh"}, 2),
    "gpt-neox": (
        "GPTNeoXConfig",
        "GPTNeoXForCausalLM",
        {**TEXT, **SMALL},
        tokens,
        {"gelu"},
        2,
    ),
    "bloom": (
        "BloomConfig",
        "BloomForCausalLM",
        {"vocab_size": 64, "hidden_size": 32, "n_layer": 2, "n_head": 4},
        tokens,
        {"gelu_tanh"},
        2,
    ),
    "bart": (
        "BartConfig",
        "BartForConditionalGeneration",
        {
            **TEXT,
            "d_model": 32,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 64,
            "decoder_ffn_dim": 64,
        },
        tokens,
        {"gelu"},
        2,
    ),
    "whisper": (
        "WhisperConfig",
        "WhisperForConditionalGeneration",
        {
            "vocab_size": 64,
            "num_mel_bins": 8,
            "d_model": 32,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 64,
            "decoder_ffn_dim": 64,
            "max_source_positions": 16,
            "max_target_positions": 16,
            "decoder_start_token_id": 1,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
        },
        speech,
        {"gelu"},
        4,
    ),
    "wav2vec2": (
        "Wav2Vec2Config",
        "Wav2Vec2ForSequenceClassification",
        {
            **SMALL,
            "conv_dim": (16, 16),
            "conv_kernel": (10, 3),
            "conv_stride": (5, 2),
            "num_conv_pos_embeddings": 16,
            "num_conv_pos_embedding_groups": 4,
            "classifier_proj_size": 16,
            "mask_time_prob": 0.0,
            "layerdrop": 0.0,
        },
        sounds,
        {"gelu"},
        5,
    ),
    "clip": (
        "CLIPConfig",
        "CLIPModel",
        {
            "text_config": {**TEXT, **SMALL},
            "vision_config": {**SMALL, "image_size": 32, "patch_size": 8},
            "projection_dim": 16,
        },
        pairs,
        {"QuickGELUActivation"},
        4,
    ),
    "swin": (
        "SwinConfig",
        "SwinForImageClassification",
        {
            "image_size": 32,
            "patch_size": 4,
            "embed_dim": 16,
            "depths": [1, 1],
            "num_heads": [2, 2],
            "window_size": 4,
        },
        images,
        {"gelu"},
        2,
    ),
    "mobilenet-v2": (
        "MobileNetV2Config",
        "MobileNetV2ForImageClassification",
        {"image_size": 32, "depth_multiplier": 0.25},
        images,
        {"relu6"},
        35,
    ),
    "mamba": (
        "MambaConfig",
        "MambaForCausalLM",
        {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 2, "state_size": 4},
        tokens,
        {"silu", "softplus"},
        6,
    ),
    "switch": (
        "SwitchTransformersConfig",
        "SwitchTransformersForConditionalGeneration",
        {
            "vocab_size": 64,
            "d_model": 32,
            "d_kv": 8,
            "d_ff": 64,
            "num_layers": 2,
            "num_decoder_layers": 2,
            "num_heads": 4,
            "num_experts": 2,
            "decoder_start_token_id": 0,
            "pad_token_id": 0,
        },
        tokens,
        {"relu"},
        4,
    ),
}


def trained(family, watch):
    """The weights after two steps, and what was seen."""
    config_name, model_name, settings, batch, _, _ = FAMILIES[family]
    torch.manual_seed(0)
    model = getattr(transformers, model_name)(getattr(transformers, config_name)(**settings))
    model.train()
    data = batch()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def steps():
        for _ in range(2):
            optimizer.zero_grad()
            model(**data).loss.backward()
            optimizer.step()

    if not watch:
        steps()
        return model.state_dict(), None
    with stetho.watch(model, optimizer, every=1) as seen:
        steps()
    return model.state_dict(), seen.result.run


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_trains_as_ever_and_its_activations_are_seen(family, monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    plain, _ = trained(family, watch=False)
    ours, run = trained(family, watch=True)
    assert all(torch.equal(ours[name], plain[name]) for name in plain)
    *_, functions, count = FAMILIES[family]
    assert {site.function.name for site in run.sites} == functions
    assert len(run.sites) == count, [site.name for site in run.sites]
    assert (run.unseen, run.faults) == ((), ())
    for probe in run.probes:
        assert set(probe.sites) == {site.name for site in run.sites}
