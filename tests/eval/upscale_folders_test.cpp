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

  /// Of the log.
  std::ptrdiff_t lines_with(const std::string& text) const {
    std::istringstream lines(out_.str());
    std::ptrdiff_t count = 0;
    for (std::string line; std::getline(lines, line);) {
      count += line.find(text) != std::string::npos ? 1 : 0;
    }
    return count;
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

  // A result that is touched, or copied with its folder, is the same; one that is gone is made.
  fs::last_write_time(out / "a.png", time);
  EXPECT_TRUE(kept());
  fs::copy(out, scratch_ / "copied");
  out_.str("");
  EXPECT_EQ(error_in(in_, scratch_ / "copied"), "no error");
  EXPECT_THAT(out_.str(), HasSubstr("and kept"));
  fs::remove(out / "a.png");
  EXPECT_FALSE(kept());
  EXPECT_TRUE(kept());
}

TEST_F(UpscaleFolders, AFileThatNoRunHasMadeIsNotReplaced) {
  const fs::path out = scratch_ / "out";
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  ASSERT_EQ(error_in(in_, out), "no error");
  const std::string result = read_file(out / "a.png");

  const auto expect_refused = [&](const fs::path& in, const std::string& name, const std::string& bytes) {
    EXPECT_THAT(error_in(in, out), AllOf(HasSubstr(name + ": not made by samsr"), HasSubstr("upscale.resume=false")));
    EXPECT_EQ(read_file(out / name), bytes);
  };
  testing::write_text(out / "y.png", "precious");
  for (const bool sound : {false, true}) {
    testing::write_text(in_ / "y.jpg", "no picture");
    if (sound) {
      write_png(in_ / "y.jpg", smooth_picture(10, 12, 2));
    }
    expect_refused(in_, "y.png", "precious");
  }
  expect_refused(in_ / "y.jpg", "y.png", "precious");  // one picture into the folder
  fs::rename(out / "y.png", scratch_ / "moved.png");
  fs::create_symlink("nowhere", out / "y.png");
  EXPECT_THAT(error_in(in_, out), HasSubstr("y.png: not made by samsr"));
  fs::remove(out / "y.png");
  EXPECT_EQ(error_in(in_, out), "no error");

  // What was written over a result is no result.
  testing::write_text(out / "a.png", "junk");
  expect_refused(in_, "a.png", "junk");
  testing::write_text(out / "y.png", "junk");
  EXPECT_THAT(error_in(in_, out), HasSubstr("a.png and 1 more: not made"));
  settings_.resume = false;
  EXPECT_EQ(error_in(in_, out), "no error");
  EXPECT_EQ(read_file(out / "a.png"), result);
  settings_.resume = true;
  EXPECT_EQ(error_in(in_, out), "no error");
  EXPECT_THAT(out_.str(), HasSubstr("2 of 2 results are there already and kept"));

  // A folder whose record is gone, or says nothing of results, as those of earlier versions.
  fs::rename(out / ".samsr-upscale-inputs", scratch_ / "inputs");
  EXPECT_THAT(error_in(in_, out), HasSubstr("a.png and 1 more: not made"));
  fs::rename(scratch_ / "inputs", out / ".samsr-upscale-inputs");
  fs::remove(out / ".samsr-upscale.yaml");
  EXPECT_THAT(error_in(in_, out), HasSubstr("holds 2 of the 2 results already, and no record"));
}

TEST_F(UpscaleFolders, AResultStaysUntilAnotherTakesItsPlace) {
  testing::shake_output(*loaded_.model);
  const fs::path out = scratch_ / "out";
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  write_png(in_ / "b.png", smooth_picture(10, 12, 2));
  ASSERT_EQ(error_in(in_, out), "no error");
  const std::string first = read_file(out / "b.png");
  fs::rename(in_ / "b.png", scratch_ / "b.png");
  const auto run_with_broken = [&] {
    testing::write_text(in_ / "b.png", "no picture");
    EXPECT_THAT(error_in(in_, out), HasSubstr("1 of 2 images could not be upscaled, the first is b.png"));
    EXPECT_THAT(out_.str(), HasSubstr("b.png stays as it was"));
    EXPECT_EQ(read_file(out / "b.png"), first);
    fs::copy_file(scratch_ / "b.png", in_ / "b.png", fs::copy_options::overwrite_existing);
    out_.str("");
    EXPECT_EQ(error_in(in_, out), "no error");
  };
  run_with_broken();
  EXPECT_THAT(out_.str(), HasSubstr("2 of 2 results are there already and kept"));

  // With other settings it is not kept for its picture, not even by another run.
  settings_.seed = 2;
  settings_.resume = false;
  testing::write_text(in_ / "b.png", "no picture");
  EXPECT_THAT(error_in(in_, out), HasSubstr("1 of 2"));
  settings_.resume = true;
  run_with_broken();
  EXPECT_THAT(out_.str(), HasSubstr("1 of 2 results are there already and kept"));
  const std::string second = read_file(out / "b.png");

  // Nor are those of a folder that a single picture was put into with other settings.
  settings_.seed = 3;
  settings_.resume = false;
  EXPECT_EQ(error_in(in_ / "a.png", out), "no error");
  settings_.resume = true;
  out_.str("");
  EXPECT_EQ(error_in(in_, out), "no error");
  EXPECT_THAT(out_.str(), HasSubstr("1 of 2 results are there already and kept"));
  EXPECT_NE(read_file(out / "b.png"), second);
}

TEST_F(UpscaleFolders, WhatARankHasNotedBeforeItWasKilledCounts) {
  const fs::path out = scratch_ / "out";
  const fs::path known = out / ".samsr-upscale-inputs";
  for (const char* name : {"a.png", "b.png", "c.png"}) {
    write_png(in_ / name, smooth_picture(10, 12, 1));
  }
  ASSERT_EQ(error_in(in_, out), "no error");
  const std::string text = read_file(known);
  ASSERT_FALSE(fs::exists(out / ".samsr-upscale-inputs.0"));

  // As by two ranks, one of them killed while it noted a result, and another before it gave a file its name.
  write_file_atomically(out / ".samsr-upscale-inputs.0", text.substr(0, text.size() - 5));
  write_file_atomically(out / ".samsr-upscale-inputs.11", text.substr(0, text.size() / 3));
  fs::remove(known);
  fs::remove(out / "b.png");
  fs::remove(out / "c.png");
  out_.str("");
  EXPECT_EQ(error_in(in_, out), "no error");
  EXPECT_THAT(out_.str(), HasSubstr("1 of 3 results are there already and kept"));
  EXPECT_FALSE(fs::exists(out / ".samsr-upscale-inputs.0"));
  EXPECT_FALSE(fs::exists(out / ".samsr-upscale-inputs.11"));
  out_.str("");
  EXPECT_EQ(error_in(in_, out), "no error");
  EXPECT_THAT(out_.str(), HasSubstr("3 of 3 results are there already and kept"));
}

TEST_F(UpscaleFolders, EntriesThatCannotBeReachedAreLeftOutByName) {
  write_png(in_ / "good.png", smooth_picture(10, 12, 1));
  fs::create_symlink("self.jpg", in_ / "self.jpg");
  fs::create_symlink("nowhere/x.png", in_ / "broken.png");
  const std::string longest = std::string(251, 'n') + ".jpg";  // its result would have a byte too many
  fs::copy_file(in_ / "good.png", in_ / longest);
  testing::write_text(in_ / "two\nlines.png", "no picture");
  testing::write_text(in_ / "three\n\nlines.png", "no picture");
  settings_.format = "webp";
  for (int again = 0; again < 2; ++again) {
    out_.str("");
    EXPECT_THAT(error_in(in_, scratch_ / "out"), HasSubstr("5 of 6 images could not be upscaled, the first is broken"));
    EXPECT_TRUE(fs::exists(scratch_ / "out/good.webp"));
    for (const char* name : {"self.jpg", "broken.png", "nnn.webp", "two?lines.png", "three??lines.png"}) {
      EXPECT_THAT(out_.str(), HasSubstr(name));
    }
    EXPECT_EQ(lines_with("left out: "), 5);
  }
  EXPECT_THAT(error_in(in_ / longest, scratch_ / "out"), HasSubstr("nnn"));
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
