#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>

namespace samsr::testing {

/// A shell command running beside the test; killed at the end.
class Running {
 public:
  /// Both streams go to the file `output`.
  explicit Running(const std::string& command, const std::filesystem::path& output = "/dev/null");
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  pid_t pid() const { return pid_; }
  bool ended();
  /// Waits for the end, two minutes at most: the exit status, 128 + the signal, or -1 when it still runs.
  int wait();
  /// Waits until the condition holds; false when the command ends before.
  bool until(const std::function<bool()>& condition);
  /// The process of an MPI rank that the command started, however deep; throws when there is none.
  pid_t rank(int number) const;

 private:
  const pid_t pid_;
  bool ended_ = false;
  int status_ = -1;
};

/// True while a file or folder is being written whose name begins so.
bool is_being_written(const std::filesystem::path& folder, const std::string& name);

}  // namespace samsr::testing
