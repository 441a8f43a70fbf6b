#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace samsr {

/// A picture for TensorBoard, already encoded.
struct EventPicture {
  std::string tag;
  std::string png;  ///< the bytes of a PNG file, RGB
  int height = 0;
  int width = 0;
};

/// One event file of TensorBoard, events.out.tfevents.TIME.HOST. A run that resumes opens a further file, which tells
/// TensorBoard to forget what the earlier ones say of later steps.
class EventFile {
 public:
  /// Opens a new file in `folder`, which is made; `last_step` is the last step that counts of an earlier file.
  /// UserError when it cannot be written.
  EventFile(const std::filesystem::path& folder, std::int64_t last_step);

  const std::filesystem::path& path() const { return path_; }

  /// Named values at a step, flushed. UserError when the disk refuses.
  void scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);
  /// Pictures at a step, flushed.
  void pictures(std::int64_t step, const std::vector<EventPicture>& pictures);

 private:
  void write(const std::string& event);

  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace samsr
