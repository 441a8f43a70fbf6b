#include "models/weights/official_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

/// Two folders of our own instead of those of whoever runs the test.
class OfficialFilesTest : public ::testing::Test {
 protected:
  OfficialFilesTest() {
    settings_.folder = (root_ / "mine").string();
    setenv("TORCH_HOME", (root_ / "torch").c_str(), 1);
    setenv("XDG_CACHE_HOME", (root_ / "cache").c_str(), 1);
  }
  ~OfficialFilesTest() override {
    unsetenv("TORCH_HOME");
    unsetenv("XDG_CACHE_HOME");
  }
  void touch(const std::string& path) const { testing::write_text(root_ / path, "x"); }

  const testing::TemporaryFolder root_;
  OfficialFilesSettings settings_;
};

TEST_F(OfficialFilesTest, TheShippedCatalogueNamesWhatEachEntryNeeds) {
  const OfficialFiles catalogue(settings_);
  for (const char* name : {"resshift_realsrx4_s15_v1.pth", "SinSR_v1.pth", "SamSR_v1.pth"}) {
    const OfficialFile* entry = catalogue.entry(name);
    ASSERT_NE(entry, nullptr) << name;
    EXPECT_THAT(entry->needs, ::testing::Contains("autoencoder_vq_f4"));
    EXPECT_FALSE(entry->config.empty());
    EXPECT_EQ(entry->kind, std::string(name).starts_with("resshift") ? "teacher" : "student");
  }
  for (const OfficialFile& file : catalogue.files()) {
    EXPECT_THAT(file.address, ::testing::StartsWith("https://")) << file.name;
    if (file.sha256.size() != 64 && !file.sha256.empty()) {
      EXPECT_THAT(file.file, HasSubstr(file.sha256)) << "a name carries the digits that it is checked against";
    }
  }
}

TEST_F(OfficialFilesTest, FilesAreFoundUnderEveryNameAndInPyTorchsCache) {
  const OfficialFiles catalogue(settings_);
  EXPECT_EQ(catalogue.find("lpips_alex"), std::nullopt);
  EXPECT_THAT(catalogue.how_to_get("lpips_alex"), HasSubstr("alex.pth is missing: it is published at https://"));
  EXPECT_THAT(catalogue.how_to_get("lpips_alex"), HasSubstr(settings_.folder));
  touch("mine/LPIPS_v0.1_alex-df73285e.pth");
  EXPECT_EQ(catalogue.find("lpips_alex"), root_ / "mine/LPIPS_v0.1_alex-df73285e.pth");
  touch("torch/hub/checkpoints/alexnet-owt-7be5be79.pth");
  EXPECT_EQ(catalogue.find("alexnet"), root_ / "torch/hub/checkpoints/alexnet-owt-7be5be79.pth");
  touch("mine/alexnet-owt-7be5be79.pth");
  EXPECT_EQ(catalogue.find("alexnet"), root_ / "mine/alexnet-owt-7be5be79.pth") << "the user's folder comes first";
  EXPECT_THROW(catalogue.find("nobody"), std::logic_error);
}

TEST_F(OfficialFilesTest, AMistakeInACatalogueIsNamedWithItsPlace) {
  const auto message = [&](const std::string& yaml) {
    return testing::error_of([&] { const OfficialFiles catalogue(yaml, "c.yaml", settings_); });
  };
  const std::string entry = "{name: a, file: a.pth, address: 'https://a', licence: MIT, for: b";
  EXPECT_EQ(message("files: [" + entry + "}]"), "no error");
  EXPECT_THAT(message("files:\n  - {name: a, file: a.pth}"), HasSubstr("c.yaml:2: an entry lacks 'address'"));
  EXPECT_THAT(message("files: [" + entry + ", adress: b}]"), HasSubstr("did you mean 'address'"));
  EXPECT_THAT(message("files: [" + entry + "}, " + entry + "}]"), HasSubstr("listed twice"));
  EXPECT_THAT(message("files: [" + entry + ", needs: [c]}]"), HasSubstr("needs 'c'"));
  EXPECT_THAT(message("files: {"), HasSubstr("c.yaml:"));
  EXPECT_THAT(message("[]"), HasSubstr("'files'"));
}

}  // namespace
}  // namespace samsr
