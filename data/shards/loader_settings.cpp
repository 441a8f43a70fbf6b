#include "data/shards/loader_settings.h"

namespace samsr {

void LoaderSettings::bind(Settings& settings) {
  settings
      .add("data.degrade", degrade,
           "cached: training reads the pairs of train.shards; online: its loader threads degrade the HR images of "
           "train.shards, or, without train.shards, crops of the photographs data.images, afresh at every draw")
      .one_of({"cached", "online"});
  settings.add("data.shuffle", shuffle, "draw the samples of each epoch in random order");
  settings.add("data.loader_threads", loader_threads, "threads of each rank that read batches ahead").between(1, 64);
  settings.add("data.prefetch", prefetch, "batches read ahead on each rank").between(1, 1024);
  settings
      .add("data.max_bad", max_bad,
           "training stops when more samples than this have failed their checksum, on all ranks together")
      .at_least(0);
}

}  // namespace samsr
