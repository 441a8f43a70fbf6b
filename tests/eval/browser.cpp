#include "eval/browser.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <stdexcept>

#include "core/atomic_file.h"
#include "support/files.h"

namespace samsr::testing {
namespace {

std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer{};
  for (std::size_t read = 0; (read = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    text.append(buffer.data(), read);
  }
  pclose(pipe);
  return text;
}

/// Path of a Chromium, or nothing.
std::string chromium() {
  std::string path = output_of("command -v chromium chromium-browser google-chrome 2>/dev/null | head -n 1");
  while (!path.empty() && path.back() == '\n') {
    path.pop_back();
  }
  return path;
}

/// The script's object becomes an element of the page.
constexpr const char* kKeep = R"js(
const note = document.createElement('pre');
note.id = 'seen';
note.hidden = true;
note.textContent = JSON.stringify(seen);
document.body.append(note);
)js";

}  // namespace

bool has_chromium() { return !chromium().empty(); }

void require_chromium() {
  if (!has_chromium()) {
    // Debian has the package that launch/setup installs; elsewhere there may be none.
    if (read_file("/etc/os-release").find("\nID=debian") != std::string::npos) {
      FAIL() << "no chromium: launch/setup installs it";
    }
    GTEST_SKIP() << "no chromium on this machine: the page is not looked at in a browser";
  }
}

ProbedPage::ProbedPage(const std::string& html, const std::string& probe) {
  const std::size_t end = html.rfind("</body>");
  write_text(folder_ / "page.html",
             html.substr(0, end) + "<script>const seen = {};\n" + probe + kKeep + "</script>" + html.substr(end));
  if (has_chromium()) {
    dom_ = run("--dump-dom");
  }
}

std::string ProbedPage::run(const std::string& options) const {
  return output_of("'" + chromium() + "' --headless --no-sandbox --disable-gpu --hide-scrollbars " +
                   "--force-device-scale-factor=1 --virtual-time-budget=4000 --window-size=1200,1700 " +
                   "--host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir='" + (folder_ / "profile").string() + "' " +
                   options + " 'file://" + (folder_ / "page.html").string() + "' 2>>'" + (folder_ / "errors").string() +
                   "'");
}

nlohmann::json ProbedPage::seen() const {
  const std::string begin = "<pre id=\"seen\" hidden=\"\">";
  const std::size_t at = dom_.find(begin);
  if (at == std::string::npos) {
    throw std::runtime_error("the probe did not come to its end:\n" + errors());
  }
  return nlohmann::json::parse(dom_.substr(at + begin.size(), dom_.find("</pre>", at) - at - begin.size()));
}

std::filesystem::path ProbedPage::screenshot() const {
  const std::filesystem::path file = folder_ / "page.png";
  run("--screenshot='" + file.string() + "'");
  return file;
}

std::string ProbedPage::errors() const { return read_file(folder_ / "errors"); }

}  // namespace samsr::testing
