#include "support/shards.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "data/shards/manifest.h"
#include "data/shards/shard_writer.h"
#include "support/files.h"

namespace samsr::testing {
namespace fs = std::filesystem;

Sample numbered_sample(std::uint64_t index, bool latents) {
  const auto number = static_cast<std::int64_t>(index);
  const auto bytes = [&](at::IntArrayRef shape, std::int64_t salt) {
    return at::arange(c10::multiply_integers(shape), at::kLong)
        .add(number * 7 + salt)
        .remainder(251)
        .to(at::kByte)
        .reshape(shape);
  };
  const auto halves = [&](at::IntArrayRef shape, double salt) {
    return at::arange(c10::multiply_integers(shape), at::kFloat)
        .mul(0.125)
        .add(salt + double(number))
        .to(at::kHalf)
        .reshape(shape);
  };
  Sample sample;
  sample.fields = {{"hr", bytes({12, 16, 3}, 1)}, {"lr", bytes({6, 8, 3}, 2)}, {"coverage", bytes({6, 8}, 3)}};
  if (latents) {
    sample.fields.emplace_back("z_hr", halves({5, 3, 4}, 0.5));
    sample.fields.emplace_back("z_lr", halves({5, 3, 4}, -0.5));
  }
  sample.texts = {{std::string(kSourceField), R"({"image": ")" + std::string(index % 5 + 1, 'x') + R"(.png"})"}};
  return sample;
}

void write_numbered_set(const fs::path& folder, std::uint64_t samples, std::uint64_t per_shard, bool latents,
                        std::uint64_t begin) {
  fs::create_directories(folder);
  Manifest manifest;
  for (std::uint64_t first = 0; first < samples; first += per_shard) {
    const std::uint64_t count = std::min(per_shard, samples - first);
    const fs::path path = folder / shard_name(first / per_shard);
    ShardWriter writer(path,
                       {.config = "data:\n  scale: 2\n",
                        .content = "data.scale: 2\n",
                        .seed = 3,
                        .first_index = first,
                        .scale = 2,
                        .tool = "test"},
                       numbered_sample(begin + first, latents), count);
    for (std::uint64_t i = 0; i < count; ++i) {
      writer.append(numbered_sample(begin + first + i, latents));
    }
    writer.finish();
    manifest.shards.push_back(describe_shard(Shard(path)));
  }
  write_manifest(folder, manifest);
}

void change_samples(const fs::path& folder, std::uint64_t number,
                    const std::function<void(std::uint64_t, Sample&)>& change) {
  const fs::path path = folder / shard_name(number);
  const Shard shard(path);
  const RandomAccessFile file(path, RandomAccessFile::Access::kRead);
  std::vector<Sample> samples(shard.samples());
  for (std::uint64_t i = 0; i < shard.samples(); ++i) {
    for (const ShardField& field : shard.fields()) {
      if (field.text) {
        std::string text(field.bytes, '\0');
        shard.read(file, field, i, text.data());
        text.resize(::strnlen(text.data(), text.size()));
        samples[i].texts.emplace_back(field.name, std::move(text));
      } else {
        at::Tensor tensor = at::empty(field.shape, field.type);
        shard.read(file, field, i, tensor.data_ptr());
        samples[i].fields.emplace_back(field.name, std::move(tensor));
      }
    }
    change(shard.header().first_index + i, samples[i]);
  }
  ShardWriter writer(path, shard.header(), samples[0], samples.size());
  for (const Sample& sample : samples) {
    writer.append(sample);
  }
  writer.finish();
  Manifest manifest = read_manifest(folder);
  manifest.shards[number] = describe_shard(Shard(path));
  write_manifest(folder, manifest);
}

void flip_byte(const fs::path& shard, const std::string& field, std::uint64_t sample) {
  const Shard layout(shard);
  const ShardField& place = *layout.find(field);
  flip_byte(shard, place.offset + sample * place.bytes);
}

}  // namespace samsr::testing
