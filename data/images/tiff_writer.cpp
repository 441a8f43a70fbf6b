#include "data/images/tiff_writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/tiff_handle.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kStripBytes = std::int64_t{256} << 10;
constexpr std::int64_t kLargestClassicTiff = 4'000'000'000;  // of pixels; Deflate may make them 0.1 % longer
constexpr int kFastDeflate = 1;

/// An open file for libtiff, which reports no system error: the first one is kept.
class TiffOutput {
 public:
  explicit TiffOutput(const fs::path& path) : fd_(create_temporary(path)) { error_ = fd_ < 0 ? errno : 0; }
  ~TiffOutput() { close(); }
  TiffOutput(const TiffOutput&) = delete;
  TiffOutput& operator=(const TiffOutput&) = delete;

  TiffCallbacks callbacks() { return {.client = this, .read = read, .write = write, .seek = seek, .size = size}; }
  int error() const { return error_; }

  void close() {
    if (fd_ >= 0 && ::close(fd_) != 0) {
      note(errno);
    }
    fd_ = -1;
  }

 private:
  void note(int error) { error_ = error_ == 0 ? error : error_; }

  static tmsize_t read(thandle_t client, void* bytes, tmsize_t count) {
    return ::read(static_cast<TiffOutput*>(client)->fd_, bytes, static_cast<std::size_t>(count));
  }

  static tmsize_t write(thandle_t client, void* bytes, tmsize_t count) {
    auto& self = *static_cast<TiffOutput*>(client);
    tmsize_t done = 0;
    while (done < count) {
      const ssize_t written =
          ::write(self.fd_, static_cast<const char*>(bytes) + done, static_cast<std::size_t>(count - done));
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written < 0) {
        self.note(errno);
        return -1;
      }
      done += written;
    }
    return done;
  }

  static toff_t seek(thandle_t client, toff_t offset, int whence) {
    return static_cast<toff_t>(::lseek(static_cast<TiffOutput*>(client)->fd_, static_cast<off_t>(offset), whence));
  }

  static toff_t size(thandle_t client) {
    struct stat status {};
    return ::fstat(static_cast<TiffOutput*>(client)->fd_, &status) == 0 ? static_cast<toff_t>(status.st_size) : 0;
  }

  int fd_;
  int error_ = 0;
};

class TiffWriter : public ImageWriter {
 public:
  TiffWriter(const fs::path& path, const PictureLayout& layout, const std::string& profile, BeforeRename before_rename)
      : path_(path),
        temporary_(temporary_name(path)),
        before_rename_(std::move(before_rename)),
        layout_(layout),
        row_bytes_(layout.width * layout.channels * layout.bits / 8),
        rows_a_strip_(std::clamp<std::int64_t>(kStripBytes / row_bytes_, 1, layout.height)),
        output_(std::make_unique<TiffOutput>(temporary_)) {
    if (output_->error() != 0) {
      throw_write_error(path_, output_->error());
    }
    try {
      const auto bytes = row_bytes_ * layout_.height + static_cast<std::int64_t>(profile.size());
      file_ = open_tiff(bytes > kLargestClassicTiff ? "w8" : "w", output_->callbacks(), messages_, 0);
      expect(file_ != nullptr);
      set_tags(profile);
      strip_.reserve(static_cast<std::size_t>(rows_a_strip_ * row_bytes_));
    } catch (...) {
      discard();
      throw;
    }
  }

  ~TiffWriter() override {
    if (!finished_) {
      discard();
    }
  }
  TiffWriter(const TiffWriter&) = delete;
  TiffWriter& operator=(const TiffWriter&) = delete;

  void write(const cv::Mat& rows) override {
    CV_Assert(rows.cols == layout_.width && rows.channels() == layout_.channels &&
              rows.depth() == (layout_.bits == 16 ? CV_16U : CV_8U) && rows_ + rows.rows <= layout_.height);
    for (int y = 0; y < rows.rows; ++y) {
      const auto* row = rows.ptr<std::uint8_t>(y);
      strip_.insert(strip_.end(), row, row + row_bytes_);
      ++rows_;
      if (rows_ % rows_a_strip_ == 0 || rows_ == layout_.height) {
        const auto strip = static_cast<std::uint32_t>((rows_ - 1) / rows_a_strip_);
        expect(TIFFWriteEncodedStrip(file_.get(), strip, strip_.data(), static_cast<tmsize_t>(strip_.size())) >= 0);
        strip_.clear();
      }
    }
  }

  void finish() override {
    CV_Assert(rows_ == layout_.height && !finished_);
    expect(TIFFFlush(file_.get()) == 1);
    file_.reset();
    output_->close();
    expect(messages_.error.empty());
    publish(temporary_, path_, before_rename_);
    finished_ = true;
  }

 private:
  void set_tags(const std::string& profile) {
    TIFF* file = file_.get();
    const bool alpha = layout_.channels % 2 == 0;
    bool set = true;
    const auto tag = [&](std::uint32_t name, auto value) { set = TIFFSetField(file, name, value) == 1 && set; };
    tag(TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(layout_.width));
    tag(TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(layout_.height));
    tag(TIFFTAG_BITSPERSAMPLE, layout_.bits);
    tag(TIFFTAG_SAMPLESPERPIXEL, layout_.channels);
    tag(TIFFTAG_PHOTOMETRIC, layout_.channels <= 2 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    tag(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    tag(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    tag(TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
    tag(TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
    tag(TIFFTAG_ZIPQUALITY, kFastDeflate);
    tag(TIFFTAG_ROWSPERSTRIP, static_cast<std::uint32_t>(rows_a_strip_));
    if (alpha) {
      const std::uint16_t kind = EXTRASAMPLE_UNASSALPHA;
      set = TIFFSetField(file, TIFFTAG_EXTRASAMPLES, 1, &kind) == 1 && set;
    }
    if (!profile.empty()) {
      set = TIFFSetField(file, TIFFTAG_ICCPROFILE, static_cast<std::uint32_t>(profile.size()), profile.data()) == 1 &&
            set;
    }
    expect(set);
  }

  void expect(bool done) const {
    if (output_->error() != 0) {
      throw_write_error(path_, output_->error());
    }
    if (!done) {
      throw UserError("{}: cannot be written as TIFF: {}", path_.string(), messages_.error);
    }
  }

  void discard() {
    file_.reset();
    output_.reset();
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }

  fs::path path_;
  fs::path temporary_;
  BeforeRename before_rename_;
  PictureLayout layout_;
  std::int64_t row_bytes_;
  std::int64_t rows_a_strip_;
  std::unique_ptr<TiffOutput> output_;
  TiffMessages messages_{};
  TiffHandle file_{};
  std::vector<std::uint8_t> strip_{};
  std::int64_t rows_ = 0;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<ImageWriter> make_tiff_writer(const fs::path& path, const PictureLayout& layout,
                                              const std::string& profile, BeforeRename before_rename) {
  CV_Assert(layout.width > 0 && layout.height > 0 && layout.channels >= 1 && layout.channels <= 4 &&
            (layout.bits == 8 || layout.bits == 16));
  return std::make_unique<TiffWriter>(path, layout, profile, std::move(before_rename));
}

}  // namespace samsr
