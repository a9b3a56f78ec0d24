"""Ways in which training scripts write files: name → statements that run in the folder of a script.

Each reads back what it has written. `model` is the network, `HERE` the folder by its absolute path.
The files that `FILES` names are there before.
"""

from __future__ import annotations

FILES = {
    "best.pt": b"the best so far",
    "state.json": b'{"step": 1}',
    "weights.pkl": b"weights",
    "w.npy": b"numbers",
    "history.txt": b"first run\n",
    "logs/loss.csv": b"0,1\n",
    "logs/old.csv": b"0,1\n",
    "ckpt/step-1.pt": b"old",
    "ckpt/step-2.pt": b"older",
}

WAYS: dict[str, str] = {
    "open, then torch.save": """
with open("best.pt", "wb") as f:
    torch.save(model.state_dict(), f)
assert torch.load("best.pt").keys() == model.state_dict().keys()
""",
    "torch.save to a path": """
torch.save(model.state_dict(), "best.pt")
assert torch.load("best.pt").keys() == model.state_dict().keys()
""",
    "torch.save, the old format": """
torch.save(model.state_dict(), "best.pt", _use_new_zipfile_serialization=False)
assert torch.load("best.pt").keys() == model.state_dict().keys()
""",
    "torch.save to a pathlib.Path": """
from pathlib import Path
torch.save(model.state_dict(), Path("ckpt") / "step-1.pt")
assert torch.load(Path("ckpt") / "step-1.pt")
""",
    "torch.jit.save": """
torch.jit.trace(model, torch.randn(2, 8)).save("best.pt")
torch.jit.load("best.pt")
""",
    "torch.distributed.checkpoint": """
import torch.distributed.checkpoint as dcp
dcp.save(model.state_dict(), checkpoint_id="ckpt")
assert os.path.exists("ckpt/.metadata")
""",
    "pickle": """
import pickle
with open("weights.pkl", "wb") as f:
    pickle.dump([1, 2], f)
assert pickle.load(open("weights.pkl", "rb")) == [1, 2]
""",
    "json": """
import json
json.dump({"step": 2}, open("state.json", "w"))
assert json.load(open("state.json")) == {"step": 2}
""",
    "joblib": """
import joblib
joblib.dump([1, 2], "weights.pkl")
assert joblib.load("weights.pkl") == [1, 2]
""",
    "numpy.save and savez": """
np.save("w.npy", np.arange(4))
np.savez("w.npz", a=np.arange(4))
assert np.load("w.npy").sum() == np.load("w.npz")["a"].sum() == 6
""",
    "numpy.memmap": """
np.save("w.npy", np.zeros(4))
there = np.load("w.npy", mmap_mode="r+")
there[:] = 7
there.flush()
assert np.load("w.npy").sum() == 28
""",
    "ndarray.tofile and numpy.savetxt": """
np.arange(4.0).tofile("w.npy")
np.savetxt("history.txt", np.arange(3))
assert np.fromfile("w.npy").sum() == 6 and len(np.loadtxt("history.txt")) == 3
""",
    "mmap": """
import mmap
with open("history.txt", "r+b") as f, mmap.mmap(f.fileno(), 0) as there:
    there[:5] = b"FIRST"
assert open("history.txt").read().startswith("FIRST")
""",
    "append": """
with open("history.txt", "a") as f:
    f.write("second run\\n")
assert open("history.txt").read() == "first run\\nsecond run\\n"
""",
    "in place": """
with open("history.txt", "r+") as f:
    f.seek(2)
    f.write("XX")
os.truncate("logs/loss.csv", 1)
assert open("history.txt").read().startswith("fiXXt") and os.path.getsize("logs/loss.csv") == 1
""",
    "csv, line by line": """
import csv
with open("logs/loss.csv", "w", newline="") as f:
    csv.DictWriter(f, ["step", "loss"]).writerow({"step": 1, "loss": 2})
assert open("logs/loss.csv").read().strip() == "1,2"
""",
    "logging to a file": """
import logging, logging.handlers
handler = logging.handlers.RotatingFileHandler("history.txt", maxBytes=20, backupCount=2)
logging.getLogger("train").addHandler(handler)
for number in range(5):
    logging.getLogger("train").error("line %d", number)
handler.close()
assert os.path.exists("history.txt.1")
""",
    "atomic rename": """
torch.save(model.state_dict(), "best.tmp")
os.replace("best.tmp", "best.pt")
assert torch.load("best.pt") and not os.path.exists("best.tmp")
""",
    "tempfile beside it, then rename": """
import tempfile
with tempfile.NamedTemporaryFile(dir=".", delete=False) as f:
    f.write(b"new")
os.rename(f.name, "best.pt")
assert open("best.pt", "rb").read() == b"new"
""",
    "pathlib": """
from pathlib import Path
Path("state.json").write_text("{}")
Path("history.txt").rename("history-1.txt")
Path("w.npy").unlink()
Path("new/deep").mkdir(parents=True)
Path("new/deep/file").touch()
assert Path("state.json").read_text() == "{}" and not Path("history.txt").exists()
assert sorted(str(path) for path in Path("new").rglob("*")) == ["new/deep", "new/deep/file"]
""",
    "remove the folder and make it anew": """
import shutil
shutil.rmtree("logs")
os.makedirs("logs")
assert os.listdir("logs") == []
open("logs/loss.csv", "w").close()
""",
    "makedirs that must not be there": """
os.makedirs("out/run")
open("out/run/log", "w").close()
assert os.listdir("out") == ["run"]
""",
    "keep the last two checkpoints": """
import glob
torch.save({}, "ckpt/step-3.pt")
for old in sorted(glob.glob("ckpt/step-*.pt"))[:-2]:
    os.remove(old)
assert sorted(os.listdir("ckpt")) == ["step-2.pt", "step-3.pt"]
""",
    "copy and move": """
import shutil
shutil.copy("best.pt", "copy.pt")
shutil.copytree("ckpt", "backup")
shutil.move("state.json", "logs/state.json")
assert open("copy.pt", "rb").read() == b"the best so far" and len(os.listdir("backup")) == 2
""",
    "links": """
os.symlink("best.pt", "latest.pt")
with open("latest.pt", "wb") as f:
    f.write(b"through the link")
os.link("state.json", "same.json")
assert open("best.pt", "rb").read() == b"through the link" and os.readlink("latest.pt") == "best.pt"
""",
    "rights and times": """
os.chmod("best.pt", 0o400)
os.utime("state.json", (1, 1))
assert os.stat("best.pt").st_mode & 0o777 == 0o400 and os.stat("state.json").st_mtime == 1
""",
    "os.open and os.write": """
handle = os.open("best.pt", os.O_WRONLY | os.O_TRUNC)
os.write(handle, b"low")
os.close(handle)
assert os.stat("best.pt").st_size == 3
""",
    "a lock file": """
handle = os.open("lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
os.close(handle)
os.remove("lock")
assert not os.path.exists("lock")
""",
    "chdir": """
os.chdir("logs")
open("loss.csv", "w").write("here")
assert open(os.path.join(HERE, "logs", "loss.csv")).read() == "here"
os.chdir("..")
""",
    "an absolute path": """
with open(os.path.join(HERE, "best.pt"), "wb") as f:
    f.write(b"by its absolute path")
assert open("best.pt", "rb").read() == b"by its absolute path"
""",
    "the home folder": """
cache = os.path.expanduser("~/.cache/training")
os.makedirs(cache, exist_ok=True)
open(os.path.join(cache, "index"), "w").write("new")
assert open(os.path.join(cache, "index")).read() == "new"
""",
    "the folder for temporary files": """
import tempfile
folder = tempfile.mkdtemp()
open(os.path.join(folder, "x"), "w").write("new")
assert os.listdir(folder) == ["x"]
""",
    "SQLite": """
import sqlite3
with sqlite3.connect("runs.db") as base:
    base.execute("create table if not exists loss (step, value)")
    base.execute("insert into loss values (1, 2.0)")
assert sqlite3.connect("runs.db").execute("select count(*) from loss").fetchone()[0] == 1
""",
    "shelve": """
import shelve
with shelve.open("cache") as there:
    there["step"] = 3
with shelve.open("cache") as there:
    assert there["step"] == 3
""",
    "zip, tar and gzip": """
import gzip, tarfile, zipfile
with zipfile.ZipFile("w.zip", "w") as f:
    f.write("state.json")
with tarfile.open("w.tar", "w") as f:
    f.add("ckpt")
with gzip.open("history.txt", "wt") as f:
    f.write("packed")
assert gzip.open("history.txt", "rt").read() == "packed"
assert zipfile.ZipFile("w.zip").namelist() == ["state.json"]
""",
    "h5py": """
import h5py
with h5py.File("w.h5", "w") as f:
    f["x"] = np.arange(3)
with h5py.File("w.h5") as f:
    assert f["x"][1] == 1
""",
    "safetensors": """
from safetensors.torch import load_file, save_file
save_file(model.state_dict(), "best.pt")
assert load_file("best.pt").keys() == model.state_dict().keys()
""",
    "Hugging Face save_pretrained": """
from transformers import BertConfig, BertModel
small = BertModel(BertConfig(
    vocab_size=32, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
))
small.save_pretrained("ckpt")
assert os.path.exists("ckpt/config.json") and BertModel.from_pretrained("ckpt")
""",
    "accelerate": """
from accelerate import Accelerator
accelerator = Accelerator(cpu=True, project_dir=".")
accelerator.prepare(model)
accelerator.save_state("ckpt")
assert len(os.listdir("ckpt")) > 2
""",
    "Lightning Fabric": """
from lightning.fabric import Fabric
fabric = Fabric(accelerator="cpu", devices=1)
fabric.save("best.pt", {"model": model})
assert fabric.load("best.pt")
""",
    "TensorBoard": """
from torch.utils.tensorboard import SummaryWriter
with SummaryWriter("logs") as writer:
    writer.add_scalar("loss", 1.0, 1)
assert len(os.listdir("logs")) == 3
""",
    "another program": """
import subprocess
subprocess.run([sys.executable, "-c", "open('best.pt', 'w').write('child')"], check=True)
assert open("best.pt").read() == "child"
""",
    "a shell": """
os.system("echo shell >> history.txt && rm -rf logs && cp best.pt ~/copied.pt")
assert open("history.txt").read() == "first run\\nshell\\n" and not os.path.exists("logs")
""",
    "os.fork": """
child = os.fork()
if not child:
    open("best.pt", "w").write("fork")
    os._exit(0)
os.waitpid(child, 0)
assert open("best.pt").read() == "fork"
""",
    "multiprocessing": """
import multiprocessing
def write():
    open("best.pt", "w").write("another process")
process = multiprocessing.get_context("fork").Process(target=write)
process.start()
process.join()
assert open("best.pt").read() == "another process"
""",
    "a thread": """
import threading
thread = threading.Thread(target=lambda: open("best.pt", "w").write("thread"))
thread.start()
thread.join()
assert open("best.pt").read() == "thread"
""",
    "the C library": """
import ctypes
libc = ctypes.CDLL(None)
handle = libc.open(b"best.pt", os.O_WRONLY | os.O_TRUNC)
if handle < 0:
    raise PermissionError("refused")
libc.write(handle, b"by C", 4)
libc.close(handle)
assert open("best.pt").read() == "by C"
""",
}
