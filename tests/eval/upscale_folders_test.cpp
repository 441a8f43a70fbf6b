// Folders of pictures and of results: what is kept, what is left out, what is never written over.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <torch/torch.h>

#include <chrono>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/image_file.h"
#include "eval/upscale/upscale.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/small_disk.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::smooth_picture;

class UpscaleFolders : public ::testing::Test {
 protected:
  std::string error_in(const fs::path& in, const fs::path& out) {
    return error_of([&] { upscale_files(loaded_, settings_, MaskSettings(), in, out, *comm_, log_); });
  }

  testing::TemporaryFolder scratch_;
  const fs::path in_ = scratch_.folder("in");
  LoadedModel loaded_{std::make_unique<SuperResolutionModel>(testing::small_model_settings(2), 1),
                      &method_of_kind("student", "a test")};
  UpscaleSettings settings_;
  const std::unique_ptr<Communicator> comm_ = make_single_communicator();
  std::ostringstream out_;
  Log log_{out_, 0, 1, false};
};

TEST_F(UpscaleFolders, AResultIsKeptForThePictureThatItWasMadeFrom) {
  const fs::path out = scratch_ / "out";
  const fs::path picture = in_ / "a.png";
  const auto kept = [&] {
    out_.str("");
    EXPECT_EQ(error_in(in_, out), "no error");
    return out_.str().find("results are there already and kept") != std::string::npos;
  };
  write_png(picture, smooth_picture(10, 12, 1));
  EXPECT_FALSE(kept());
  EXPECT_TRUE(kept());
  const auto time = fs::last_write_time(picture);
  const std::string before = read_file(picture);

  // An older picture, one of the same size and time to the nanosecond, and one from elsewhere under the same name.
  write_png(picture, smooth_picture(10, 12, 2));
  fs::last_write_time(picture, time - std::chrono::hours(24 * 365));
  EXPECT_FALSE(kept());
  EXPECT_TRUE(kept());
  testing::write_text(picture, before + "1");
  fs::last_write_time(picture, time);
  EXPECT_FALSE(kept());
  testing::write_text(picture, before + "2");
  fs::last_write_time(picture, time);
  EXPECT_FALSE(kept());
  write_png(scratch_.folder("elsewhere") / "a.png", smooth_picture(10, 12, 3));
  out_.str("");
  EXPECT_EQ(error_in(scratch_ / "elsewhere", out), "no error");
  EXPECT_THAT(out_.str(), Not(HasSubstr("and kept")));

  // Another file that becomes the same result.
  fs::copy_file(scratch_ / "elsewhere/a.png", picture, fs::copy_options::overwrite_existing);
  EXPECT_TRUE(kept());
  fs::remove(picture);
  write_png(scratch_ / "x.png", smooth_picture(10, 12, 4));
  testing::write_text(in_ / "a.bmp", read_file(scratch_ / "x.png"));
  fs::last_write_time(in_ / "a.bmp", time - std::chrono::hours(1));
  EXPECT_FALSE(kept());

  // Touched, moved or linked: the content decides.
  fs::last_write_time(in_ / "a.bmp", time + std::chrono::hours(1));
  EXPECT_TRUE(kept());
  fs::rename(in_ / "a.bmp", scratch_ / "moved.bmp");
  fs::create_symlink(scratch_ / "moved.bmp", in_ / "a.bmp");
  EXPECT_TRUE(kept());

  // Of results of an earlier version it is not known.
  fs::remove(out / ".samsr-upscale-inputs");
  EXPECT_FALSE(kept());
  EXPECT_THAT(out_.str(), HasSubstr("1 results of an earlier version do not say"));
  EXPECT_TRUE(kept());
}

TEST_F(UpscaleFolders, NoResultTakesThePlaceOfAPicture) {
  write_png(scratch_.folder("p/lq") / "a.png", smooth_picture(10, 12, 1));
  write_png(scratch_.folder("p/lq/lq") / "a.png", smooth_picture(8, 8, 1));
  EXPECT_THAT(error_in(scratch_ / "p/lq", scratch_ / "p"), HasSubstr("would replace the picture"));
  fs::create_directory_symlink(scratch_ / "p/lq", scratch_.folder("q") / "lq");
  EXPECT_THAT(error_in(scratch_ / "p/lq", scratch_ / "q"), HasSubstr("would replace the picture"));
  fs::create_directory_symlink(scratch_ / "p/lq", scratch_ / "same");
  EXPECT_THAT(error_in(scratch_ / "p/lq", scratch_ / "same"), HasSubstr("same folder"));
  EXPECT_EQ(read_image(scratch_ / "p/lq/a.png").rgb.size(), cv::Size(12, 10));
  EXPECT_EQ(read_image(scratch_ / "p/lq/lq/a.png").rgb.size(), cv::Size(8, 8));
}

TEST_F(UpscaleFolders, OneResultThatCannotBeWrittenIsOneResult) {
  for (const char* name : {"a.png", "sub/b.png", "c.png"}) {
    fs::create_directories((in_ / name).parent_path());
    write_png(in_ / name, smooth_picture(10, 12, 1));
  }
  const std::string longest(246, 'n');
  write_png(in_ / (longest + ".png"), smooth_picture(10, 12, 1));
  fs::create_directories(scratch_ / "out/a.png/in the way");
  settings_.resume = false;
  EXPECT_THAT(error_in(in_, scratch_ / "out"), AllOf(HasSubstr("1 of 4 images"), HasSubstr("a.png")));
  for (const std::string& name : {std::string("sub/b.png"), std::string("c.png"), longest + ".png"}) {
    EXPECT_TRUE(fs::exists(scratch_ / ("out/" + name))) << name;
  }
  fs::remove_all(scratch_ / "out/a.png");
  EXPECT_EQ(error_in(in_, scratch_ / "out"), "no error");
}

TEST_F(UpscaleFolders, AFullDiskEndsTheRunAtOnce) {
  for (const char* name : {"a.png", "b.png", "c.png"}) {
    write_png(in_ / name, smooth_picture(60, 60, 1));
  }
  const testing::SmallDisk disk(scratch_.folder("out"), 65'536);
  if (!disk.mounted()) {
    GTEST_SKIP() << "a disk of a few bytes needs the right to mount one";
  }
  settings_.resume = false;
  const std::string error = error_in(in_, scratch_ / "out");
  EXPECT_THAT(error,
              AllOf(HasSubstr(".png: cannot be written"), HasSubstr("make room"), Not(HasSubstr("images could not"))));
}

TEST_F(UpscaleFolders, PicturesThatAreNotReadAreNamedAndPipesNeverOpened) {
  testing::write_text(in_ / "a.heic", "x");
  EXPECT_THAT(error_in(in_, scratch_ / "out"), AllOf(HasSubstr("no image"), HasSubstr("1 .heic (first: a.heic)")));
  testing::write_text(in_ / "b.gif", "x");
  ASSERT_EQ(::mkfifo((in_ / "pipe.png").c_str(), 0600), 0);
  write_png(scratch_ / "c.png", smooth_picture(6, 7, 1));
  fs::rename(scratch_ / "c.png", in_ / "c.jfif");
  EXPECT_EQ(error_in(in_, scratch_ / "out"), "no error");
  EXPECT_THAT(out_.str(), HasSubstr("3 files are left out"));
  EXPECT_TRUE(fs::exists(scratch_ / "out/c.png"));
  EXPECT_THAT(error_in(in_ / "pipe.png", scratch_ / "y.png"), HasSubstr("is a named pipe"));
}

}  // namespace
}  // namespace samsr
