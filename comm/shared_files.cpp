#include "comm/shared_files.h"

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "comm/work_through.h"
#include "core/host.h"
#include "core/json_entry.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};
constexpr std::chrono::seconds kPatience{2};  ///< before it is said what is waited for

/// Nanoseconds since 1970 of the last change by the file system's clock; -1 where there is nothing.
std::int64_t changed_at(const fs::path& path) {
  struct stat status {};
  constexpr std::int64_t kSecond = 1'000'000'000;
  return ::stat(path.c_str(), &status) == 0 ? status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec : -1;
}

/// Number of the folder `path`, or of that which holds the file; hosts that share it see the same. 0 for none.
std::uint64_t folder_number(const fs::path& path) {
  std::error_code ignored;
  const fs::path folder = fs::is_directory(path, ignored) ? path : fs::absolute(path, ignored).parent_path();
  struct stat status {};
  return ::stat(folder.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// [folder_number(), [[name, changed_at()], …]] of a path, as one host sees it.
nlohmann::json listed(const fs::path& path) {
  nlohmann::json files = nlohmann::json::array();
  std::error_code ignored;
  const bool folder = fs::is_directory(path, ignored);
  if (const std::int64_t changed = changed_at(path); changed >= 0) {
    files.push_back({path.string(), folder ? 0 : changed});  // a folder's time is that of any file in it
  }
  if (folder) {
    for (fs::recursive_directory_iterator each(path, ignored), end; each != end; each.increment(ignored)) {
      if (each->path().filename().string().starts_with(".")) {
        each.disable_recursion_pending();
      } else if (!each->is_directory(ignored)) {
        files.push_back({each->path().string(), changed_at(each->path())});
      }
    }
  }
  return {folder_number(path), std::move(files)};
}

/// What another host sees.
struct SeenFile {
  fs::path root;  ///< the path that was asked for
  std::uint64_t folder = 0;
  std::int64_t changed = 0;
  std::string host;
};

/// Whether this host sees it too, or has a folder of its own there, to which it was copied.
bool is_seen(const std::string& path, const SeenFile& file) {
  if (changed_at(path) >= file.changed) {
    return true;
  }
  const std::uint64_t here = folder_number(file.root);
  return changed_at(file.root) >= 0 && here != file.folder;
}

}  // namespace

void await_shared_files(const std::vector<fs::path>& paths, Communicator& comm, Log& log) {
  comm.barrier();  // what any rank has written before is there
  if (comm.local_size() == comm.size()) {
    return;
  }
  nlohmann::json own = nlohmann::json::array();
  const bool looks = comm.local_rank() == 0;  // for its host, whose ranks see the same
  for (std::size_t i = 0; looks && i < paths.size(); ++i) {
    own.push_back(listed(paths[i]));
  }
  const std::string here = host_name();
  const std::vector<std::string> hosts = comm.gather(here);
  const std::vector<std::string> lists = comm.gather(json_text(own));
  std::map<std::string, SeenFile> all;
  for (std::size_t rank = 0; looks && rank < lists.size(); ++rank) {
    const nlohmann::json list = nlohmann::json::parse(lists[rank]);
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (const nlohmann::json& each : list[i][1]) {
        const SeenFile found{paths[i], list[i][0], each[1], hosts[rank]};
        SeenFile& known = all.try_emplace(each[0].get<std::string>(), found).first->second;
        known = found.changed > known.changed ? found : known;
      }
    }
  }
  const Clock::time_point start = Clock::now();
  bool told = false;
  std::string error;
  for (auto each = all.begin(); error.empty() && each != all.end();) {
    const auto& [path, file] = *each;
    const auto waited = Clock::now() - start;
    if (is_seen(path, file)) {
      ++each;
    } else if (waited > kMostLate) {
      error =
          fmt::format("{}: host {} sees it, and host {} has not seen it for {} s; name a place that all hosts share",
                      path, file.host, here, kMostLate.count());
    } else {
      if (waited > kPatience && !told) {
        log.from_rank(fmt::format("waiting for {}, which host {} sees and {} does not see yet", path, file.host, here));
        told = true;
      }
      std::this_thread::sleep_for(kLook);
    }
  }
  throw_first_error(error, comm);
}

}  // namespace samsr
