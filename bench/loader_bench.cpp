// Batches from shards in the page cache, with every checksum: what training reads, and everything that is stored.
//
//   loader_bench DIR [--benchmark_filter=vq_f4]
//
// DIR keeps the shards (650 MB), made in the first run; for the same through h5py: bench/h5py_reader.py. The sizes
// are those of the recipes: 256² HR, 64² LR, latents of space_to_depth (48 channels) or vq_f4 (3 channels).

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <filesystem>
#include <iostream>

#include "core/log.h"
#include "data/shards/loader.h"
#include "data/shards/manifest.h"
#include "data/shards/prefetcher.h"
#include "data/shards/shard_set.h"
#include "data/shards/shard_writer.h"

namespace {
namespace fs = std::filesystem;

using samsr::BatchFields;
using samsr::Sample;

constexpr std::uint64_t kSamples = 512;
constexpr std::uint64_t kPerShard = 256;
constexpr std::int64_t kBatch = 16;

Sample noise_sample(std::int64_t channels) {
  const auto bytes = [](at::IntArrayRef shape) { return at::randint(0, 256, shape, at::kByte); };
  const auto latent = [&] { return at::randn({channels, 64, 64}).to(at::kHalf); };
  Sample sample;
  sample.fields = {{"hr", bytes({256, 256, 3})},     {"lr", bytes({64, 64, 3})}, {"coverage", bytes({64, 64})},
                   {"coverage_hr", bytes({64, 64})}, {"z_hr", latent()},         {"z_lr", latent()}};
  sample.texts = {{std::string(samsr::kSourceField), "{}"}};
  return sample;
}

void make_shards(const fs::path& folder, std::int64_t channels) {
  if (fs::exists(samsr::manifest_path(folder))) {
    return;
  }
  fs::create_directories(folder);
  samsr::Manifest manifest;
  for (std::uint64_t first = 0; first < kSamples; first += kPerShard) {
    const fs::path path = folder / samsr::shard_name(first / kPerShard);
    const Sample sample = noise_sample(channels);
    const samsr::ShardHeader header{
        .config = "", .content = "", .seed = 0, .first_index = first, .scale = 4, .tool = "loader_bench"};
    samsr::ShardWriter writer(path, header, sample, kPerShard);
    for (std::uint64_t i = 0; i < kPerShard; ++i) {
      writer.append(noise_sample(channels));
    }
    writer.finish();
    manifest.shards.push_back(samsr::describe_shard(samsr::Shard(path)));
  }
  samsr::write_manifest(folder, manifest);
}

double bytes_of(const samsr::ShardSet& shards, const std::vector<const char*>& names) {
  double bytes = 0;
  for (const char* name : names) {
    bytes += static_cast<double>(shards.find(name)->bytes);
  }
  return bytes;
}

void read_batches(benchmark::State& state, const fs::path& folder, bool everything) {
  const samsr::ShardSet shards(folder);
  samsr::Log log(std::cerr, 0, 1, false);
  const BatchFields fields{.hr = everything, .coverage_hr = everything};
  const samsr::Loader loader(shards, {}, 1, fields, log);
  const auto threads = static_cast<int>(state.range(0));
  samsr::Prefetcher batches(loader, {.first = 0, .stride = kBatch, .count = kBatch}, threads, 2 * threads);
  for (auto _ : state) {
    benchmark::DoNotOptimize(batches.next());
  }
  std::vector<const char*> names{"lr", "coverage", "z_hr", "z_lr"};
  if (everything) {
    names.insert(names.end(), {"hr", "coverage_hr"});
  }
  const double samples = static_cast<double>(kBatch) * static_cast<double>(state.iterations());
  state.counters["samples/s"] = benchmark::Counter(samples, benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(samples * bytes_of(shards, names) / 1e9, benchmark::Counter::kIsRate);
}

void register_all(const fs::path& root) {
  for (const auto& [name, channels] : {std::pair("space_to_depth", 48), std::pair("vq_f4", 3)}) {
    make_shards(root / name, channels);
    for (const bool everything : {false, true}) {
      const std::string title = std::string(name) + (everything ? "/everything" : "/training");
      benchmark::RegisterBenchmark(
          title.c_str(),
          [=, folder = root / name](benchmark::State& state) { read_batches(state, folder, everything); })
          ->ArgName("threads")
          ->Arg(1)
          ->Arg(2)
          ->UseRealTime();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::cerr << "usage: loader_bench DIR [--benchmark_…]; DIR keeps the shards\n";
    return 2;
  }
  register_all(argv[1]);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
