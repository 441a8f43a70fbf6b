#include "support/small_disk.h"

#include <sched.h>
#include <sys/mount.h>

#include <string>
#include <utility>

namespace samsr::testing {

SmallDisk::SmallDisk(std::filesystem::path folder, std::size_t bytes) : folder_(std::move(folder)) {
  const std::string size = "size=" + std::to_string(bytes);
  mounted_ = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
             ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, size.c_str()) == 0;
}

SmallDisk::~SmallDisk() {
  if (mounted_) {
    ::umount2(folder_.c_str(), MNT_DETACH);
  }
}

}  // namespace samsr::testing
