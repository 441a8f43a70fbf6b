#include "models/weights/pth/pth_file.h"

#include <fmt/ranges.h>

#include <array>
#include <fstream>
#include <limits>
#include <map>

#include "models/weights/printable.h"
#include "models/weights/pth/state_dict.h"
#include "models/weights/pth/tensor_data.h"
#include "models/weights/pth/unpickler.h"
#include "models/weights/pth/unreadable.h"
#include "models/weights/pth/zip_archive.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Training checkpoints have pickles of some megabytes at most.
constexpr std::uint64_t kLargestPickle = 64 << 20;
constexpr const char* kPickle = "data.pkl";

TensorFile weights_of(const char* container, const PickleHeap& heap, const PickleValue& root,
                      const StorageBytes& storages) {
  TensorFile file;
  const StateDict state = find_state_dict(root);
  file.tensors = read_tensors(state, storages);
  file.metadata = {{"container", container}, {"picked", state.picked.empty() ? "the whole file" : state.picked}};
  if (!state.prefix.empty()) {
    file.metadata["prefix_removed"] = state.prefix;
  }
  if (!state.passed_over.empty()) {
    file.metadata["passed_over"] = fmt::format("{}", fmt::join(state.passed_over, ", "));
  }
  if (!heap.not_understood().empty()) {
    file.metadata["objects_not_made"] = printable(fmt::format("{}", fmt::join(heap.not_understood(), ", ")));
  }
  return file;
}

/// "archive/" of an archive with archive/data.pkl.
std::string folder_of_pickle(const ZipArchive& archive) {
  for (const auto& [name, size] : archive.entries()) {
    const std::size_t slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash + 1) == kPickle) {
      return name.substr(0, slash + 1);
    }
  }
  if (archive.has(kPickle)) {
    return {};
  }
  throw UnreadableWeights("it is a zip file without data.pkl, so torch.save did not write it");
}

class ZipStorages : public StorageBytes {
 public:
  ZipStorages(const ZipArchive& archive, std::string folder) : archive_(archive), folder_(std::move(folder)) {}
  std::uint64_t size(const std::string& key) const override { return archive_.size(folder_ + key); }
  void read(const std::string& key, void* to) const override { archive_.read(folder_ + key, to); }
  std::uint64_t total() const override { return archive_.total(); }

 private:
  const ZipArchive& archive_;
  const std::string folder_;
};

/// The part of a file that follows the pickles: for each key the number of elements, and the elements.
class LegacyStorages : public StorageBytes {
 public:
  LegacyStorages(const fs::path& path, std::ifstream& in) : in_(in), file_size_(fs::file_size(path)) {}

  /// Notes where the storage of `key` lies, which begins at `at`; returns where it ends.
  std::uint64_t add(const std::string& key, std::uint64_t at, std::uint64_t element_size) {
    std::array<unsigned char, 8> prefix{};
    read_at(at, prefix.data(), prefix.size());
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < prefix.size(); ++i) {
      count |= static_cast<std::uint64_t>(prefix[i]) << (8 * i);
    }
    at += prefix.size();
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(count, element_size, &bytes) || bytes > file_size_ - at) {
      throw UnreadableWeights("its storage '{}' is cut short", printable(key));
    }
    places_[key] = {at, bytes};
    return at + bytes;
  }
  std::uint64_t size(const std::string& key) const override { return place(key).size; }
  void read(const std::string& key, void* to) const override { read_at(place(key).begin, to, place(key).size); }
  std::uint64_t total() const override { return file_size_; }

 private:
  struct Place {
    std::uint64_t begin;
    std::uint64_t size;
  };
  const Place& place(const std::string& key) const {
    const auto found = places_.find(key);
    if (found == places_.end()) {
      throw UnreadableWeights("it lacks its storage '{}'", printable(key));
    }
    return found->second;
  }
  void read_at(std::uint64_t at, void* to, std::uint64_t size) const {
    in_.clear();
    in_.seekg(static_cast<std::streamoff>(at));
    if (at > file_size_ || size > file_size_ - at ||
        !in_.read(static_cast<char*>(to), static_cast<std::streamsize>(size))) {
      throw UnreadableWeights("it is cut short: {} bytes are missing at {}", size, at);
    }
  }

  std::ifstream& in_;
  const std::uint64_t file_size_;
  std::map<std::string, Place> places_;
};

void check_byte_order(const PickleValue& system) {
  const auto* dict = system.as<PickleDict>();
  for (const auto& [key, value] : dict == nullptr ? PickleDict{}.items : dict->items) {
    const auto* name = key->as<std::string>();
    const auto* little = value->as<bool>();
    if (name != nullptr && *name == "little_endian" && little != nullptr && !*little) {
      throw UnreadableWeights("its numbers are big-endian");
    }
  }
}

}  // namespace

TensorFile read_zip_weights(const fs::path& path) {
  const ZipArchive archive(path);
  const std::string folder = folder_of_pickle(archive);
  if (archive.has(folder + "byteorder") && archive.read(folder + "byteorder", 16) != "little") {
    throw UnreadableWeights("its numbers are big-endian");
  }
  const std::string pickle = archive.read(folder + kPickle, kLargestPickle);
  PickleHeap heap;
  const PickleValue* root = unpickle(pickle, heap).root;
  const bool script = archive.has(folder + "constants.pkl");
  return weights_of(script ? "TorchScript" : "PyTorch zip", heap, *root, ZipStorages(archive, folder + "data/"));
}

TensorFile read_legacy_weights(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string head(std::min<std::uint64_t>(fs::file_size(path), kLargestPickle), '\0');
  if (!in.read(head.data(), static_cast<std::streamsize>(head.size()))) {
    throw UnreadableWeights("it is cut short");
  }
  PickleHeap heap;
  std::size_t at = 0;
  const auto next = [&] {
    const Unpickled pickle = unpickle(std::string_view(head).substr(at), heap);
    at += pickle.size;
    return pickle.root;
  };
  next();  // the magic number
  next();  // the protocol
  check_byte_order(*next());
  const PickleValue* root = next();
  const auto* keys = next()->as<PickleList>();
  if (keys == nullptr) {
    throw UnreadableWeights("its list of storages is no list");
  }
  LegacyStorages storages(path, in);
  std::uint64_t place = at;
  for (const PickleValue* each : keys->items) {
    const auto* key = each->as<std::string>();
    const auto width = key == nullptr ? heap.storage_widths().end() : heap.storage_widths().find(*key);
    if (width == heap.storage_widths().end()) {
      throw UnreadableWeights("its list of storages names one that its pickle does not have");
    }
    place = storages.add(*key, place, width->second);
  }
  return weights_of("PyTorch before 1.6", heap, *root, storages);
}

}  // namespace samsr
