#!/bin/sh
# Everything that needs a GPU, in at most 8 minutes: JSON and logs in a folder.
#
#   benchmarks/gpu.sh FOLDER         on the machine with the GPU, from the root of the repository
#   SMALL=yes benchmarks/gpu.sh FOLDER    a rehearsal of each part with tiny sizes, on any machine
#
# PYTHON: default .venv/bin/python. Elsewhere, beside torch and torchvision, it needs array-api-compat, filelock,
# scikit-learn, scipy and tqdm, and for the tests pytest, pytest-xdist and hypothesis. DATA: images for the long runs,
# "digits", "cifar10" or an .npz of JPEGs (default: digits). WEIGHTS: of VGG16 (default: none, random). MINUTES: in all.
# The long runs go on from FOLDER/work in the next call with the same FOLDER. What was recorded is in FOLDER/records,
# beside the rows of this checkout; the notebooks show it after
#
#   cp FOLDER/records/*.json ngdm_helpers/course/recorded && make build
#
# What we expect on one H100, not measured yet: the tests pass as on the pretended device; 10^6 trajectories in one
# call take less than 100 times as long as one; `training` is bound by the DataLoader at its left, so ours is 5 times
# as fast at least, more with graphs, since kernels of 8 images are shorter than their launches; VGG16 by Appendix B is
# bound by loading too, and its penalty reads and writes 138 million weights some ten times a step, ours twice, so
# 5 times an epoch; torch.compile of Appendix B's loop removes some of the penalty's passes and nothing of the loading.
set -u
cd "$(dirname "$0")/.." || exit 1
[ $# -eq 1 ] || { echo "usage: benchmarks/gpu.sh FOLDER" >&2; exit 2; }
mkdir -p "$1" || exit 1
OUT=$(cd "$1" && pwd)
RECORDS="$OUT/records"
[ -d "$RECORDS" ] || cp -R ngdm_helpers/course/recorded "$RECORDS" || exit 1
PYTHON=${PYTHON:-.venv/bin/python}
DATA=${DATA:-digits} WEIGHTS=${WEIGHTS:-none} SMALL=${SMALL:-no}
END=$(($(date +%s) + 60 * ${MINUTES:-8}))
FAILED=0

# part NAME SECONDS COMMAND…: with its own log, cut off after so many seconds or at the end of all.
part() {
  name=$1 limit=$2 begin=$(date +%s)
  shift 2
  left=$((END - begin - 5))
  [ "$left" -lt "$limit" ] && limit=$left
  if [ "$limit" -lt 5 ]; then
    status=left-out
  else
    timeout -s INT -k 5 "$limit" "$@" >"$OUT/$name.log" 2>&1
    status=$?
  fi
  printf '{"part": "%s", "status": "%s", "seconds": %d}\n' "$name" "$status" $(($(date +%s) - begin)) |
    tee -a "$OUT/parts.jsonl"
  case $status in 0 | 124 | 137 | left-out) ;; *) FAILED=1 ;; esac
}

module() { # NAME SECONDS MODULE OPTIONS…: a part that is a module of Python
  name=$1 limit=$2
  shift 2
  part "$name" "$limit" "$PYTHON" -m "$@"
}

: >"$OUT/parts.jsonl"
if [ "$SMALL" = yes ]; then
  TESTS="constants or overflow" TRAINING="--cases 11,256 --repeats 1 --fast" STEP="--steps 2 --batch 2 --epoch 4"
  LONG="--steps 2 --images 16 --test-images 4 --batch 2" DEPTH="--images 16 --depths 11 --steps 2"
else
  TESTS=cuda TRAINING="--cases 11,8 13,8 19,8 11,32 --repeats 2" STEP=""
  LONG="--steps 14550 --batch 512 --checkpoint-every 500" DEPTH="--parts variance-preserving longer-cifar10"
fi
nvidia-smi >"$OUT/card.log" 2>&1
# shellcheck disable=SC2086 # the options are words
{
  module tests 100 pytest -q -o addopts= -p no:cacheprovider tests/test_accelerator.py -k "$TESTS"
  module machines 40 benchmarks.machines --record --folder "$RECORDS"
  module vgg16_step 130 benchmarks.vgg16_step $STEP --json "$OUT/vgg16_step.json"
  module training 110 benchmarks.training $TRAINING --json "$OUT/training.json"
  for method in sgd adam; do # Appendix B as printed; 0.1 is its λ, 0.001 one at which the network learns
    module "vgg16_l1_$method" 40 ngdm_helpers record vgg16-l1 --method $method --lam 0.1 0.001 --data "$DATA" \
      --weights "$WEIGHTS" $LONG --folder "$RECORDS" --work "$OUT/work"
  done
  module depth 600 ngdm_helpers record depth --data "$DATA" --seeds 8 --activations relu gelu $DEPTH --folder "$RECORDS"
}
exit $FAILED
