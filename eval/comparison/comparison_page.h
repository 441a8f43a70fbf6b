#pragma once
// A page with a slider between two pictures: one file, which holds everything and needs no network.

#include <filesystem>
#include <string>

#include "core/atomic_file.h"
#include "data/images/image_file.h"

namespace samsr {

/// Two pictures of one size.
struct ComparedPicture {
  std::string name;
  std::string note;          ///< a line below it
  std::string first_label;   ///< "bicubic"
  std::string second_label;  ///< "samsr"
  const ImageFile& first;    ///< CV_8UC3, left of the slider
  const ImageFile& second;   ///< right of it
};

/// UserError unless a page can be written to `file`: its name ends in .html, its folder can be written, and what lies
/// there, if anything, is such a page.
void check_comparison_page(const std::filesystem::path& file);

/// A page on its way into its file, which is complete (finish) or as it was before. One picture at a time is in memory.
class ComparisonPage {
 public:
  /// Text is escaped. Errors as NewFile's.
  ComparisonPage(const std::filesystem::path& file, const std::string& title, const std::string& note);

  /// Adds a section, the pictures as JPEG. A slider lies over them, led by pointer, finger or arrow keys. UserError
  /// where the disk is full.
  void add(const ComparedPicture& picture);
  /// After the last picture. Errors as NewFile's.
  void finish();

 private:
  NewFile file_;
};

}  // namespace samsr
