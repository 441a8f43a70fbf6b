#include "eval/comparison/comparison_page.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/output.h"
#include "core/own_file.h"
#include "data/images/image_encoder.h"
#include "embedded/comparison_css.h"
#include "embedded/comparison_js.h"
#include "eval/markup/html.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kComparisonFormat = "samsr-comparison/1";

/// The file's place, whose folder is made.
const fs::path& made_place(const fs::path& file) {
  make_folder(file.has_parent_path() ? file.parent_path() : fs::path("."));
  return file;
}

std::string image_html(const ImageFile& image, const char* kind, const std::string& alt) {
  constexpr std::int64_t kQuality = 95;
  const EncodedImage file = encode_image(image, ImageFormat::kJpeg, {.quality = kQuality}, alt);
  return fmt::format(
      "<img class=\"{}\" alt=\"{}\" width=\"{}\" height=\"{}\" draggable=\"false\" decoding=\"async\" "
      "src=\"data:image/jpeg;base64,{}\">\n",
      kind, escape_html(alt), image.rgb.cols, image.rgb.rows, base64(file.bytes));
}

}  // namespace

void check_comparison_page(const fs::path& file) {
  check_extension(file, {".html", ".htm"}, "an HTML page");
  check_file_writable(file, "--compare " + file.string());
  check_own_file(file, kComparisonFormat);
}

ComparisonPage::ComparisonPage(const fs::path& file, const std::string& title, const std::string& note)
    : file_(made_place(file)) {
  file_.write(
      fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"generator\" content=\"{0}\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{1}</title>\n"
                  "<style>{2}</style>\n</head>\n<body>\n<h1>{1}</h1>\n<p class=\"note\">{3}</p>\n"
                  "<p class=\"tools\"><label>size <select class=\"zoom\"><option value=\"fit\" selected>fit</option>"
                  "<option value=\"1\">1:1</option><option value=\"2\">2:1</option><option value=\"4\">4:1</option>"
                  "</select></label><span class=\"note\">Drag the line, or use the arrow keys, Home and End."
                  "</span></p>\n",
                  kComparisonFormat, escape_html(title), embedded::comparison_css, escape_html(note)));
}

void ComparisonPage::add(const ComparedPicture& picture) {
  TORCH_CHECK(picture.first.rgb.size() == picture.second.rgb.size(), "ComparisonPage: pictures of two sizes");
  const std::string name = escape_html(picture.name);
  file_.write(
      fmt::format("<section>\n<h2>{}</h2>\n<p class=\"note\">{}</p>\n<div class=\"frame\"><div class=\"pair\" "
                  "title=\"{}\" style=\"--width: {}px\">\n",
                  name, escape_html(picture.note), name, picture.second.rgb.cols));
  file_.write(image_html(picture.second, "second", picture.second_label + " of " + picture.name));
  file_.write(image_html(picture.first, "first", picture.first_label + " of " + picture.name));
  file_.write(fmt::format(
      "<span class=\"label left\">{}</span><span class=\"label right\">{}</span>"
      "<span class=\"line\"></span>\n<input type=\"range\" min=\"0\" max=\"100\" step=\"any\" "
      "value=\"50\" aria-label=\"{}: how much is {}, in per cent\">\n</div></div>\n</section>\n",
      escape_html(picture.first_label), escape_html(picture.second_label), name, escape_html(picture.first_label)));
}

void ComparisonPage::finish() {
  file_.write(fmt::format("<script>{}</script>\n</body>\n</html>\n", embedded::comparison_js));
  file_.finish();
}

}  // namespace samsr
