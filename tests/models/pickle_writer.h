#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace samsr {

/// Writes pickles of protocol 2 in the order in which torch.save does, and wrong ones as well.
class PickleWriter {
 public:
  PickleWriter() : bytes_("\x80\x02") {}

  PickleWriter& raw(const std::string& bytes) {
    bytes_ += bytes;
    return *this;
  }
  PickleWriter& text(const std::string& value) { return raw("X").raw(little_endian(value.size(), 4)).raw(value); }
  PickleWriter& integer(std::int64_t value) {
    return raw("\x8a\x08").raw(little_endian(static_cast<std::uint64_t>(value), 8));
  }
  PickleWriter& global(const std::string& module, const std::string& name) {
    return raw("c" + module + "\n" + name + "\n");
  }
  PickleWriter& tuple(const std::vector<std::int64_t>& values) {
    raw("(");
    for (const std::int64_t value : values) {
      integer(value);
    }
    return raw("t");
  }
  PickleWriter& storage(const std::string& key, std::int64_t count, const std::string& type = "FloatStorage") {
    return raw("(").text("storage").global("torch", type).text(key).text("cpu").integer(count).raw("tQ");
  }
  /// A strided view of the storage `key` of `count` numbers, float32 unless `type` says otherwise.
  PickleWriter& tensor(const std::string& key, std::int64_t count, std::int64_t offset,
                       const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& strides,
                       const std::string& type = "FloatStorage") {
    global("torch._utils", "_rebuild_tensor_v2").raw("(").storage(key, count, type).integer(offset);
    return tuple(sizes).tuple(strides).raw("\x89").global("collections", "OrderedDict").raw(")RtR");
  }
  std::string finished() const { return bytes_ + "."; }

  static std::string little_endian(std::uint64_t value, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i) {
      bytes += static_cast<char>(value >> (8 * i) & 0xff);
    }
    return bytes;
  }

 private:
  std::string bytes_;
};

}  // namespace samsr
