"""Architectures that nobody here wrote, small and from their config classes: seen, and healthy."""

from __future__ import annotations

import pytest
import torch
import transformers

import stetho

TEXT = {"vocab_size": 64, "max_position_embeddings": 32}
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}


def tokens():
    ids = torch.randint(0, 64, (4, 16))
    return {"input_ids": ids, "labels": ids}


def classified():
    return {"input_ids": torch.randint(0, 64, (4, 16)), "labels": torch.tensor([0, 1, 0, 1])}


def images():
    return {"pixel_values": torch.randn(4, 3, 32, 32), "labels": torch.tensor([0, 1, 0, 1])}


# family: (config class, model class, settings, batch, activation functions, sites)
FAMILIES = {
    "gpt2": (
        "GPT2Config",
        "GPT2LMHeadModel",
        {"vocab_size": 64, "n_positions": 32, "n_embd": 32, "n_layer": 2, "n_head": 4},
        tokens,
        {"gelu_tanh"},
        2,
    ),
    "bert": ("BertConfig", "BertForMaskedLM", {**TEXT, **SMALL}, tokens, {"gelu"}, 3),
    "roberta": (
        "RobertaConfig",
        "RobertaForSequenceClassification",
        {**TEXT, **SMALL},
        classified,
        {"gelu", "tanh"},
        3,
    ),
    "llama": (
        "LlamaConfig",
        "LlamaForCausalLM",
        {**TEXT, **SMALL, "num_key_value_heads": 4},
        tokens,
        {"silu"},
        2,
    ),
    "gemma": (
        "GemmaConfig",
        "GemmaForCausalLM",
        {**TEXT, **SMALL, "num_key_value_heads": 4, "head_dim": 8},
        tokens,
        {"gelu_tanh"},
        2,
    ),
    "t5": (
        "T5Config",
        "T5ForConditionalGeneration",
        {
            "vocab_size": 64,
            "d_model": 32,
            "d_kv": 8,
            "d_ff": 64,
            "num_layers": 2,
            "num_heads": 4,
            "decoder_start_token_id": 0,
            "pad_token_id": 0,
        },
        tokens,
        {"relu"},
        4,
    ),
    "opt": (
        "OPTConfig",
        "OPTForCausalLM",
        {
            **TEXT,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "ffn_dim": 64,
            "word_embed_proj_dim": 32,
        },
        tokens,
        {"relu"},
        2,
    ),
    "vit": (
        "ViTConfig",
        "ViTForImageClassification",
        {**SMALL, "image_size": 32, "patch_size": 8},
        images,
        {"gelu"},
        2,
    ),
    "resnet": (
        "ResNetConfig",
        "ResNetForImageClassification",
        {
            "embedding_size": 8,
            "hidden_sizes": [16, 32],
            "depths": [1, 1],
            "layer_type": "basic",
        },
        images,
        {"relu"},
        5,
    ),
    "convnext": (
        "ConvNextConfig",
        "ConvNextForImageClassification",
        {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2},
        images,
        {"gelu"},
        2,
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_activation_of_the_architecture_is_seen_once(family, monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    config_name, model_name, settings, batch, functions, count = FAMILIES[family]
    torch.manual_seed(0)
    config = getattr(transformers, config_name)(**settings)
    model = getattr(transformers, model_name)(config).train()
    result = stetho.check(model, batch())
    sites = result.run.sites
    assert {site.function.name for site in sites} == functions
    assert len(sites) == count, [site.name for site in sites]
    assert all(site.name.count("/") == 1 for site in sites)
    worst = [finding.message for finding in result.diagnosis.findings if finding.severity > 1]
    assert worst == []


def test_a_site_has_one_name_from_the_first_step_on(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    config_name, model_name, settings, batch, _, count = FAMILIES["bert"]
    model = getattr(transformers, model_name)(getattr(transformers, config_name)(**settings))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    data = batch()
    with stetho.watch(model, optimizer, every=1) as seen:
        for _ in range(3):
            optimizer.zero_grad()
            model(**data).loss.backward()
            optimizer.step()
    run = seen.result.run
    assert len(run.sites) == count
    assert all(set(probe.sites) == {site.name for site in run.sites} for probe in run.probes)
    assert not any("#" in site.name for site in run.sites)
