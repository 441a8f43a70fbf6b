// Run by mpirun with any number of ranks: the data set they build together is compared, byte by byte, with one
// that a single process builds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/archive_fixtures.h"
#include "data/build/build.h"
#include "data/build/recorded_settings.h"
#include "data/build_fixtures.h"
#include "data/photographs/check.h"
#include "data/shards/manifest.h"
#include "data/tools/export.h"
#include "data/tools/imagenet_test.h"
#include "data/tools/regenerate.h"
#include "data/tools/verify.h"
#include "support/common_folder.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

/// Counts the samples that pass through a stage.
class CountingStage final : public Stage {
 public:
  CountingStage(std::unique_ptr<Stage> stage, int& count) : stage_(std::move(stage)), count_(count) {}
  std::string name() const override { return stage_->name(); }
  std::vector<std::string> needs() const override { return stage_->needs(); }
  std::string content() const override { return stage_->content(); }
  std::size_t batch() const override { return stage_->batch(); }
  void run(std::uint64_t first, std::span<Sample> samples) override {
    stage_->run(first, samples);
    count_ += static_cast<int>(samples.size());
  }

 private:
  const std::unique_ptr<Stage> stage_;
  int& count_;
};

Communicator& world() {
  static const std::unique_ptr<Communicator> communicator = make_mpi_communicator();
  return *communicator;
}

TEST(BuildMpi, BytesOfSeveralSourcesDoNotDependOnTheNumberOfRanks) {
  Communicator& comm = world();
  const testing::CommonFolder folder(comm);
  std::ostringstream lines;
  Log log(lines, comm.rank(), comm.size(), false);
  const auto settings = [&](const std::string& out) {
    BuildSettings build = testing::small_build("", folder / out);
    build.data.images = std::vector<PhotographSource>{{folder / "photos.tar", 2}, {folder / "faces", 1}};
    return build;
  };
  if (comm.rank() == 0) {
    testing::write_drawn_photographs(folder / "photos", 4);
    testing::write_drawn_photographs(folder / "faces", 2);
    testing::write_archive(folder / "photos.tar", testing::ArchiveForm::kGnuTar,
                           testing::entries_of(folder / "photos"));
    build_dataset(settings("alone"), testing::kUsualStages, "config\n", *make_single_communicator(), log);
  }
  comm.barrier();
  build_dataset(settings("together"), testing::kUsualStages, "config\n", comm, log);
  if (comm.rank() == 0) {
    EXPECT_EQ(testing::contents(folder / "together"), testing::contents(folder / "alone"));
  }
  comm.barrier();
  // What one rank finds wrong, all say.
  if (comm.rank() == 0) {
    fs::resize_file(folder / "photos.tar", 3000);
  }
  comm.barrier();
  EXPECT_THROW(build_dataset(settings("torn"), testing::kUsualStages, "config\n", comm, log), UserError);
}

TEST(BuildMpi, BytesDoNotDependOnTheNumberOfRanks) {
  Communicator& comm = world();
  const testing::CommonFolder folder(comm);
  std::ostringstream lines;
  Log log(lines, comm.rank(), comm.size(), false);
  if (comm.rank() == 0) {
    testing::write_drawn_photographs(folder / "photos", 4);
    const auto alone = make_single_communicator();
    build_dataset(testing::small_build(folder / "photos", folder / "alone"), testing::kUsualStages, "config\n", *alone,
                  log);
  }
  comm.barrier();
  const BuildSettings together = testing::small_build(folder / "photos", folder / "together");
  build_dataset(together, testing::kUsualStages, "config\n", comm, log);
  verify_dataset(folder / "together", comm, log);
  if (comm.rank() == 0) {
    const auto expected = testing::contents(folder / "alone");
    EXPECT_EQ(testing::contents(folder / "together"), expected);
    fs::remove(folder / "together/shard-000002.h5");
  }
  comm.barrier();
  build_dataset(together, testing::kUsualStages, "config\n", comm, log);
  if (comm.rank() == 0) {
    EXPECT_EQ(testing::contents(folder / "together"), testing::contents(folder / "alone"));
  }
}

TEST(BuildMpi, RanksShareUnequalShardsAndWriteTheSameBytes) {
  Communicator& comm = world();
  const testing::CommonFolder folder(comm);
  std::ostringstream lines;
  Log log(lines, comm.rank(), comm.size(), false);
  const auto settings = [&](const char* out) {
    BuildSettings data = testing::small_build(folder / "photos", folder / out);
    data.data.samples = 40;
    data.data.samples_per_shard = 4;
    return data;
  };
  if (comm.rank() == 0) {
    testing::write_drawn_photographs(folder / "photos", 4);
    const auto alone = make_single_communicator();
    const BuildSettings data = settings("alone");
    build_with_stages(data, testing::stages_with(testing::make_test_rollout(), data, {"all"}, *alone, log), "config\n",
                      *alone, log);
  }
  comm.barrier();
  // One rank is much slower than the others, whichever shards it gets.
  const double seconds = comm.rank() == comm.size() - 1 ? 0.05 : 0.002;
  int rollouts = 0;
  const BuildSettings data = settings("together");
  build_with_stages(data,
                    testing::stages_with(std::make_unique<CountingStage>(testing::make_test_rollout(seconds), rollouts),
                                         data, {"pairs", "masks", "latents", "rollout"}, comm, log),
                    "config\n", comm, log);
  EXPECT_GT(rollouts, 0);
  if (comm.size() > 1) {
    const double slowest = comm.sum(comm.rank() == comm.size() - 1 ? rollouts : 0);
    const double all = comm.sum(rollouts);
    EXPECT_EQ(all, 40);
    EXPECT_LT(slowest, all / comm.size());
  }
  if (comm.rank() == 0) {
    EXPECT_EQ(testing::contents(folder / "together"), testing::contents(folder / "alone"));
  }
}

std::string all_compared(const fs::path& folder, Communicator& comm, Log& log) {
  BuildSettings settings;
  Settings registry;
  settings.bind(registry);
  load_recorded_settings(Shard(folder / shard_name(0)), registry);
  RegenerateRequest request;
  request.folder = folder;
  request.compare = true;
  return testing::error_of([&] { regenerate(request, settings, testing::kUsualStages, comm, log); });
}

TEST(BuildMpi, ExportsAndRegeneratesTheSameOnAnyNumberOfRanks) {
  Communicator& comm = world();
  const testing::CommonFolder folder(comm);
  std::ostringstream lines;
  Log log(lines, comm.rank(), comm.size(), false);
  const auto alone = make_single_communicator();
  if (comm.rank() == 0) {
    testing::write_drawn_photographs(folder / "photos", 4);
    build_dataset(testing::small_build(folder / "photos", folder / "set"), testing::kUsualStages, "{}\n", *alone, log);
    export_pairs(folder / "set", folder / "alone", {2, 6}, *alone, log);
  }
  comm.barrier();
  export_pairs(folder / "set", folder / "together", {2, 6}, comm, log);
  if (comm.rank() == 0) {
    for (const char* part : {"lq", "gt"}) {
      const auto pairs = testing::contents(folder / "together" / part);
      EXPECT_EQ(pairs.size(), 6U);
      EXPECT_EQ(pairs, testing::contents(folder / "alone" / part));
    }
  }
  EXPECT_EQ(all_compared(folder / "set", comm, log), "no error");
  if (comm.rank() == 0) {
    EXPECT_THAT(lines.str(),
                ::testing::HasSubstr("11 samples made again, identical to those stored in every byte of hr, "
                                     "lr, coverage, coverage_hr, z_hr, z_lr, source"));
    fs::remove(folder / "photos/photo2.png");
  }
  comm.barrier();
  // Every rank ends with the same words, whoever met the samples of the missing photograph.
  const std::string error = all_compared(folder / "set", comm, log);
  EXPECT_THAT(error, ::testing::HasSubstr("of 11 samples are not as stored"));
  for (const std::string& other : comm.gather(error)) {
    EXPECT_EQ(other, error);
  }
  if (comm.rank() == 0) {
    EXPECT_THAT(lines.str(), ::testing::HasSubstr("photo2.png"));
  }
}

TEST(BuildMpi, ChecksPhotographsTheSameOnAnyNumberOfRanks) {
  Communicator& comm = world();
  const testing::CommonFolder folder(comm);
  std::ostringstream lines;
  Log log(lines, comm.rank(), comm.size(), false);
  if (comm.rank() == 0) {
    testing::write_drawn_photographs(folder / "photos", 70);
    testing::write_text(folder / "photos/text.png", "no photograph");
    testing::write_archive(folder / "photos.tar", testing::ArchiveForm::kGnuTar,
                           testing::entries_of(folder / "photos"));
  }
  comm.barrier();
  for (const char* source : {"photos", "photos.tar"}) {
    CheckOptions options;
    options.gt_size = 64;
    options.out = folder / "together.json";
    std::ostringstream together;
    check_photographs(folder / source, options, comm, log, together);
    EXPECT_EQ(together.str().empty(), comm.rank() != 0);
    if (comm.rank() == 0) {
      options.out = folder / "alone.json";
      std::ostringstream alone;
      check_photographs(folder / source, options, *make_single_communicator(), log, alone);
      EXPECT_EQ(together.str(), alone.str());
      EXPECT_THAT(alone.str(), ::testing::HasSubstr("71 files: 70 usable"));
      EXPECT_EQ(read_file(folder / "together.json"), read_file(folder / "alone.json"));
    }
    comm.barrier();
    // What rank 0 finds wrong, all say.
    options.out.clear();
    options.gt_size = 4096;
    EXPECT_THAT(testing::error_of([&] { check_photographs(folder / source, options, comm, log, together); }),
                ::testing::HasSubstr("none of 71 files can be used"));
  }
}

TEST(BuildMpi, ImagenetTestHasTheSameBytesOnAnyNumberOfRanks) {
  Communicator& comm = world();
  const testing::CommonFolder folder(comm);
  std::ostringstream lines;
  Log log(lines, comm.rank(), comm.size(), false);
  ImagenetTestOptions options;
  options.images = folder / "photos";
  options.count = 5;
  if (comm.rank() == 0) {
    testing::write_drawn_photographs(folder / "photos", 6);
    options.out = folder / "alone";
    make_imagenet_test(options, *make_single_communicator(), log);
  }
  comm.barrier();
  options.out = folder / "together";
  make_imagenet_test(options, comm, log);
  if (comm.rank() == 0) {
    EXPECT_EQ(testing::contents(folder / "together"), testing::contents(folder / "alone"));
    for (const char* part : {"lq", "gt"}) {
      const auto pictures = testing::contents(folder / "together" / part);
      EXPECT_EQ(pictures.size(), 5U);
      EXPECT_EQ(pictures, testing::contents(folder / "alone" / part));
    }
  }
}

}  // namespace
}  // namespace samsr

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  samsr::world();
  return RUN_ALL_TESTS();
}
