#include "comm/run_settings.h"

namespace samsr {

void RunSettings::bind(Settings& settings) {
  settings.add("train.device", device, "auto takes a GPU where there is one").one_of({"auto", "cpu", "cuda"});
  settings
      .add("train.threads", threads,
           "CPU threads a rank, four a core at most; 0: those of OMP_NUM_THREADS, or this rank's share of the cores "
           "that it may run on")
      .between(0, 1024);
}

}  // namespace samsr
