#pragma once
// Pages in headless Chromium, without network.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "support/temporary_folder.h"

namespace samsr::testing {

/// Whether this machine has a Chromium.
bool has_chromium();

/// For SetUp: the test fails without Chromium on Debian, where launch/setup installs it, and is skipped elsewhere.
void require_chromium();

/// A page, and what a script at its end saw of it.
class ProbedPage {
 public:
  /// `probe` (JavaScript) does to the page what a reader would, and leaves what became of it in `seen`, an object.
  /// Where there is no Chromium, nothing is run.
  ProbedPage(const std::string& html, const std::string& probe);

  /// The page after the probe.
  const std::string& dom() const { return dom_; }
  /// What the probe saw. std::runtime_error where it did not come to its end.
  nlohmann::json seen() const;
  /// A picture of the page after the probe, 1200 pixels wide.
  std::filesystem::path screenshot() const;
  /// What Chromium complained of.
  std::string errors() const;

 private:
  std::string run(const std::string& options) const;

  const TemporaryFolder folder_;
  std::string dom_;
};

}  // namespace samsr::testing
