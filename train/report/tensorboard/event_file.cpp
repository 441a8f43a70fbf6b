#include "train/report/tensorboard/event_file.h"

#include <event.pb.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/host.h"
#include "train/report/tensorboard/record.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// TensorBoard reads a run's files in the order of their names, so a file is named later than those that are there,
/// even when it is opened within the same second.
fs::path next_file(const fs::path& folder) {
  auto time = static_cast<std::int64_t>(seconds_since_1970());
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix)) {
      std::int64_t theirs = 0;
      std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), theirs);
      time = std::max(time, theirs + 1);
    }
  }
  return folder / fmt::format("{}{:010}.{}", kPrefix, time, host_name());
}

tensorboard::Event event_at(std::int64_t step) {
  tensorboard::Event event;
  event.set_wall_time(seconds_since_1970());
  event.set_step(step);
  return event;
}

}  // namespace

EventFile::EventFile(const fs::path& folder, std::int64_t last_step) {
  make_folder(folder);
  path_ = next_file(folder);
  out_.open(path_, std::ios::binary);
  if (!out_) {
    throw_write_error(path_, errno);
  }
  tensorboard::Event version = event_at(0);
  version.set_file_version("brain.Event:2");
  write(version.SerializeAsString());
  tensorboard::Event start = event_at(last_step + 1);
  start.mutable_session_log()->set_status(tensorboard::SessionLog::START);
  write(start.SerializeAsString());
}

void EventFile::scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  tensorboard::Event event = event_at(step);
  for (const auto& [name, value] : values) {
    tensorboard::Summary::Value* each = event.mutable_summary()->add_value();
    each->set_tag(name);
    each->set_simple_value(static_cast<float>(value));
  }
  write(event.SerializeAsString());
}

void EventFile::pictures(std::int64_t step, const std::vector<EventPicture>& pictures) {
  tensorboard::Event event = event_at(step);
  for (const EventPicture& picture : pictures) {
    tensorboard::Summary::Value* value = event.mutable_summary()->add_value();
    value->set_tag(picture.tag);
    tensorboard::Summary::Image* image = value->mutable_image();
    image->set_height(picture.height);
    image->set_width(picture.width);
    image->set_colorspace(3);
    image->set_encoded_image_string(picture.png);
  }
  write(event.SerializeAsString());
}

void EventFile::write(const std::string& event) {
  errno = EIO;  // for a failure of which the system says no more
  out_ << tf_record(event) << std::flush;
  if (!out_) {
    throw_write_error(path_, errno);
  }
}

}  // namespace samsr
