#include "data/images/webp_writer.h"

#include <webp/encode.h>
#include <webp/mux.h>

#include <stdexcept>
#include <utility>

namespace samsr {
namespace {

using WebpBytes = std::unique_ptr<std::uint8_t, void (*)(void*)>;

std::string_view with_profile(const WebPData& picture, const std::string& profile, WebPData& assembled) {
  const std::unique_ptr<WebPMux, void (*)(WebPMux*)> mux(WebPMuxCreate(&picture, 0), WebPMuxDelete);
  const WebPData chunk{reinterpret_cast<const std::uint8_t*>(profile.data()), profile.size()};
  if (mux == nullptr || WebPMuxSetChunk(mux.get(), "ICCP", &chunk, 0) != WEBP_MUX_OK ||
      WebPMuxAssemble(mux.get(), &assembled) != WEBP_MUX_OK) {
    throw std::runtime_error("libwebp cannot add a colour profile");
  }
  return {reinterpret_cast<const char*>(assembled.bytes), assembled.size};
}

class WebpWriter : public ImageWriter {
 public:
  WebpWriter(std::unique_ptr<ByteSink> sink, const PictureLayout& layout, const std::string& profile,
             const EncoderSettings& settings)
      : sink_(std::move(sink)),
        profile_(profile),
        settings_(settings),
        pixels_(static_cast<int>(layout.height), static_cast<int>(layout.width), CV_8UC(layout.channels)) {}

  void write(const cv::Mat& rows) override {
    CV_Assert(rows.type() == pixels_.type());
    rows.copyTo(pixels_.rowRange(filled_, filled_ + rows.rows));
    filled_ += rows.rows;
  }

  void finish() override {
    std::uint8_t* encoded = nullptr;
    const std::size_t size = encode(&encoded);
    const WebpBytes owned(encoded, WebPFree);
    pixels_.release();
    if (size == 0) {
      throw std::runtime_error("libwebp cannot encode the picture");
    }
    if (profile_.empty()) {
      sink_->write({reinterpret_cast<const char*>(encoded), size});
    } else {
      WebPData assembled{};
      const std::unique_ptr<WebPData, void (*)(WebPData*)> cleared(&assembled, WebPDataClear);
      sink_->write(with_profile({encoded, size}, profile_, assembled));
    }
    sink_->finish();
  }

 private:
  std::size_t encode(std::uint8_t** encoded) const {
    const auto step = static_cast<int>(pixels_.step);
    const auto quality = static_cast<float>(settings_.quality);
    const bool alpha = pixels_.channels() == 4;
    if (settings_.webp_lossless) {
      return (alpha ? WebPEncodeLosslessRGBA : WebPEncodeLosslessRGB)(pixels_.data, pixels_.cols, pixels_.rows, step,
                                                                      encoded);
    }
    return (alpha ? WebPEncodeRGBA : WebPEncodeRGB)(pixels_.data, pixels_.cols, pixels_.rows, step, quality, encoded);
  }

  std::unique_ptr<ByteSink> sink_;
  const std::string profile_;
  const EncoderSettings settings_;
  cv::Mat pixels_;
  int filled_ = 0;
};

}  // namespace

std::unique_ptr<ImageWriter> make_webp_writer(std::unique_ptr<ByteSink> sink, const PictureLayout& layout,
                                              const std::string& profile, const EncoderSettings& settings) {
  return std::make_unique<WebpWriter>(std::move(sink), layout, profile, settings);
}

}  // namespace samsr
