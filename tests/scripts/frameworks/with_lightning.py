"""A Lightning module, trained with clipping, accumulation and validation: OUT [RANKS]."""

import logging
import sys
import warnings

warnings.simplefilter("ignore")
import lightning  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Lit(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.Tanh())
        self.head = nn.Linear(32, 4)

    def training_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self.head(self.net(x)), y)

    def validation_step(self, batch, index):
        x, y = batch
        self.log("val", F.cross_entropy(self.head(self.net(x)), y))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 0.01)


lightning.seed_everything(0, verbose=False)
x = torch.randn(256, 8)
data = DataLoader(TensorDataset(x, (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()), 32)
model = Lit()
ranks = {"strategy": "ddp", "devices": int(sys.argv[2])} if sys.argv[2:] else {}
trainer = lightning.Trainer(
    **ranks,
    accelerator="cpu",
    max_epochs=4,
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    gradient_clip_val=0.5,
    accumulate_grad_batches=2,
)
trainer.fit(model, data, data)
if trainer.is_global_zero:
    print(f"{float(trainer.callback_metrics['val']):.6f}")
    torch.save(model.state_dict(), sys.argv[1])
