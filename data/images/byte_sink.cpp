#include "data/images/byte_sink.h"

#include <exception>
#include <utility>

#include "core/atomic_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

class FileSink : public ByteSink {
 public:
  FileSink(const fs::path& path, BeforeRename before_rename) : file_(path, std::move(before_rename)) {}
  void write(std::string_view bytes) override { file_.write(bytes); }
  void finish() override { file_.finish(); }

 private:
  NewFile file_;
};

class MemorySink : public ByteSink {
 public:
  explicit MemorySink(std::string& bytes) : bytes_(bytes) {}
  void write(std::string_view bytes) override { bytes_ += bytes; }
  void finish() override {}

 private:
  std::string& bytes_;
};

}  // namespace

std::unique_ptr<ByteSink> make_file_sink(const fs::path& path, BeforeRename before_rename) {
  return std::make_unique<FileSink>(path, std::move(before_rename));
}

std::unique_ptr<ByteSink> make_memory_sink(std::string& bytes) { return std::make_unique<MemorySink>(bytes); }

bool PendingBytes::append(const void* bytes, std::size_t count) noexcept {
  try {
    bytes_.append(static_cast<const char*>(bytes), count);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void PendingBytes::flush(ByteSink& sink, std::size_t enough) {
  if (bytes_.size() >= enough) {
    sink.write(bytes_);
    bytes_.clear();
  }
}

}  // namespace samsr
