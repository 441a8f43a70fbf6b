// Any bytes as ncnn's two files: the text, a zero byte, the numbers.

#include "fuzz/memory_file.h"
#include "models/weights/ncnn/ncnn_weights.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string both = samsr::fuzz::text_of(bytes, size);
  const std::size_t end = std::min(both.find('\0'), both.size());
  const std::string_view numbers = std::string_view(both).substr(std::min(end + 1, both.size()));
  samsr::fuzz::must_be_read_or_refused(
      [&] { samsr::parse_ncnn_weights(std::string_view(both).substr(0, end), numbers, "x.param", "x.bin"); });
  return 0;
}
