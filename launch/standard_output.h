#pragma once

#include <memory>
#include <streambuf>
#include <string>

namespace samsr {

/// Opens /dev/null in place of standard streams that are closed, before a library's socket takes their numbers; what is
/// written to such an output fails and is told of.
void occupy_closed_streams();

/// Standard output as std::cout writes to it, with what the system says of failures. SIGPIPE is ignored from then on.
class StandardOutput {
 public:
  StandardOutput();
  ~StandardOutput();
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  /// Writes what std::cout holds back.
  void flush();
  /// The same, and looks at what closing the file tells. One line when something could not be written, empty when all
  /// was; also when the reader had enough and went (`| head`).
  std::string finish();

 private:
  class Buffer;
  std::unique_ptr<Buffer> buffer_;
  std::streambuf* before_;  ///< std::cout's own
};

}  // namespace samsr
