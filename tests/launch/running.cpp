#include "launch/running.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace samsr::testing {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
namespace {

pid_t start_shell(const std::string& command, const fs::path& output) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", ("exec env " + command).c_str(), nullptr);
    ::_exit(127);
  }
  return pid;
}

std::string text_of(const fs::path& file) {  // read_file() would throw when the process is gone
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    std::istringstream in(text_of(thread.path() / "children"));
    for (pid_t child = 0; in >> child;) {
      children.push_back(child);
    }
  }
  return children;
}

pid_t find_rank(pid_t pid, const std::string& variable) {
  const std::string place = "/proc/" + std::to_string(pid);
  const std::string environment = '\0' + text_of(place + "/environ");
  if (text_of(place + "/comm") == "samsr\n" && environment.find('\0' + variable + '\0') != std::string::npos) {
    return pid;
  }
  for (const pid_t child : children_of(pid)) {
    if (const pid_t found = find_rank(child, variable); found != 0) {
      return found;
    }
  }
  return 0;
}

}  // namespace

Running::Running(const std::string& command, const fs::path& output) : pid_(start_shell(command, output)) {}

Running::~Running() {
  if (!ended()) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

bool Running::ended() {
  int status = 0;
  if (!ended_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    ended_ = true;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return ended_;
}

int Running::wait() {
  const auto start = std::chrono::steady_clock::now();
  while (!ended() && std::chrono::steady_clock::now() - start < 2min) {
    std::this_thread::sleep_for(10ms);
  }
  return status_;
}

bool Running::until(const std::function<bool()>& condition) {
  while (!condition()) {
    if (ended()) {
      return false;
    }
    std::this_thread::sleep_for(200us);
  }
  return true;
}

pid_t Running::rank(int number) const {
  const pid_t found = find_rank(pid_, "OMPI_COMM_WORLD_RANK=" + std::to_string(number));
  if (found == 0) {
    throw std::runtime_error("no process of rank " + std::to_string(number));
  }
  return found;
}

bool is_being_written(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with("." + name + ".tmp-")) {
      return true;
    }
  }
  return false;
}

}  // namespace samsr::testing
