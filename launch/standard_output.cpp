#include "launch/standard_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>

namespace samsr {

void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF) {
      // The lowest free number, which is this stream's. Standard output is opened for reading: a write to it must fail.
      ::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    }
  }
}

/// Keeps the reason of the first write that fails, which std::filebuf loses.
class StandardOutput::Buffer : public std::streambuf {
 public:
  Buffer() { setp(bytes_.data(), bytes_.data() + bytes_.size()); }

  int error() const { return error_; }

 protected:
  int overflow(int character) override {
    if (sync() != 0) {
      return traits_type::eof();
    }
    if (character != traits_type::eof()) {
      *pptr() = traits_type::to_char_type(character);
      pbump(1);
    }
    return traits_type::not_eof(character);
  }
  int sync() override {
    const char* at = pbase();
    while (at < pptr() && error_ == 0) {
      const ssize_t written = ::write(STDOUT_FILENO, at, static_cast<std::size_t>(pptr() - at));
      if (written >= 0) {
        at += written;
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
    setp(bytes_.data(), bytes_.data() + bytes_.size());
    return error_ == 0 ? 0 : -1;
  }

 private:
  std::array<char, 16384> bytes_{};
  int error_ = 0;
};

StandardOutput::StandardOutput() : buffer_(std::make_unique<Buffer>()), before_(std::cout.rdbuf(buffer_.get())) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit of `ulimit -f` fails, which is told and cleaned up
}

StandardOutput::~StandardOutput() {
  flush();
  std::cout.rdbuf(before_);
}

void StandardOutput::flush() { std::cout.flush(); }

std::string StandardOutput::finish() {
  flush();
  int error = buffer_->error();
  // A network file system tells of a full disk when the file is closed.
  const int copy = error == 0 ? ::dup(STDOUT_FILENO) : -1;
  if (copy >= 0 && ::close(copy) != 0) {
    error = errno;
  }
  return error == 0 || error == EPIPE ? std::string()
                                      : std::string("standard output cannot be written: ") + std::strerror(error);
}

}  // namespace samsr
