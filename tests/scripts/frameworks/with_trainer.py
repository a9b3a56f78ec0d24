"""Hugging Face's Trainer with gradient accumulation and an evaluation after each epoch."""

import sys
import tempfile

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

torch.manual_seed(0)
config = BertConfig(
    vocab_size=64,
    max_position_embeddings=32,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
)
model = BertForSequenceClassification(config)
ids = [torch.randint(0, 64, (16,)) for _ in range(64)]
data = [{"input_ids": row, "labels": int(row[0] > 32)} for row in ids]
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder,
        num_train_epochs=3,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=2,
        eval_strategy="epoch",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        seed=0,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=data, eval_dataset=data)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
print(f"{trainer.evaluate()['eval_loss']:.6f}")
torch.save(model.state_dict(), sys.argv[1])
