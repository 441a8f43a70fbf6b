// The launch scripts' own logic; launch/slurm.sbatch has a file of its own.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/atomic_file.h"
#include "launch/mistakes.h"
#include "launch/program.h"
#include "launch/trained_runs.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MpirunScript, ChecksItsOwnOptions) {
  const Outcome outcome = run(SAMSR_SOURCE "/launch/mpirun -n 2 --restarts often train");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, HasSubstr("'often'"));
}

TEST(MpirunScript, MistakesInItsOptionsAreStatusTwoAndNeverRepeated) {
  const TemporaryFolder folder;
  write_text(folder / "crlf", "localhost slots=2\r\n");
  write_text(folder / "comments", "# none\n\n");
  write_text(folder / "one", "localhost slots=1\n");
  write_text(folder / "mark", "\xef\xbb\xbflocalhost slots=2\n");
  write_text(folder / "mpich", "# of MPICH\n\n localhost:2\n");
  write_text(folder / "comma", "localhost, slots=2\n");
  write_text(folder / "letters", "l\xc3\xb6kal slots=2\n");
  write_text(folder / "slot", "localhost slot=2\n");
  write_text(folder / "word", "localhost slots=two\n");
  const std::pair<std::string, std::string> mistakes[] = {{"-n two", "-n 'two'"},
                                                          {"-n 0", "-n '0'"},
                                                          {"-np 1.5", "-np '1.5'"},
                                                          {"-n 2 --hostfile " + (folder / "crlf"), "CR LF"},
                                                          {"-n 2 --hostfile " + (folder / "nowhere"), "no such file"},
                                                          {"-n 2 --hostfile " + folder.path().string(), "no such file"},
                                                          {"-n 2 --hostfile " + (folder / "comments"), "names no host"},
                                                          {"-n 3 --hostfile " + (folder / "one"), "not enough slots"},
                                                          {"-n 2 --hostfile " + (folder / "mark"), "byte order mark"},
                                                          {"-n 2 --hostfile " + (folder / "mpich"), "'localhost:2'"},
                                                          {"-n 2 --hostfile " + (folder / "comma"), "'localhost,'"},
                                                          {"-n 1 --hostfile " + (folder / "letters"), "parse error"},
                                                          {"-n 1 --hostfile " + (folder / "slot"), "parse error"},
                                                          {"-n 1 --hostfile " + (folder / "word"), "bad parameter"},
                                                          {"-n 1 -H 'local host'", "illegal character"},
                                                          {"-n 99999999", "-n 99999999: on this host"},
                                                          {"-n 1 -x SAMSR_NO_SUCH", "no such variable"},
                                                          {"-n 1 -x HOME,PATH", "'HOME,PATH'"},
                                                          {"-n 1 -x =3", "'=3'"},
                                                          {"-n 1 --bind-to nonsense", "nonsense"},
                                                          {"-n 1 --rank-by nonsense", "nonsense"},
                                                          {"-n 2 --no-such-option", "--no-such-option"},
                                                          {"-n 2 --map-by nonsense", "nonsense"}};
  for (const auto& [options, part] : mistakes) {
    const Outcome outcome = run(
        "SAMSR_BINARY=/bin/true " SAMSR_SOURCE "/launch/mpirun --restarts 2 --restart-pause 0 " + options + " version");
    EXPECT_EQ(outcome.status, 2) << options << outcome.output;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(part)) << options;
  }
}

TEST(Scripts, StartByLinksFromAnywhereInAnyEnvironment) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "with space/x");
  fs::create_symlink(SAMSR_SOURCE "/launch/samsr", folder / "with space/first");
  fs::create_symlink("../with space/first", folder / "with space/second");
  fs::create_symlink(SAMSR_SOURCE "/launch/mpirun", folder / "with space/mpirun");
  const std::string go = "cd '" + (folder / "with space") + "' && SAMSR_BINARY=/bin/echo ";
  for (const std::string& command :
       {go + "./first it runs", go + "./second it runs",
        "cd / && SAMSR_BINARY=/bin/echo '" + (folder / "with space/second") + "' it runs",
        go + "env -u HOME ./second it runs", go + "CDPATH=/:/tmp:.. ./second it runs",
        go + "POSIXLY_CORRECT=1 ./second it runs", go + "env SHELLOPTS=noglob ./second it runs",
        go + "PATH=\"$PWD:$PATH\" second it runs", go + "PATH=\"$PWD:$PATH\" mpirun -n 1 it runs"}) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.status, 0) << command << outcome.output;
    EXPECT_EQ(outcome.output, "it runs\n") << command;
  }
}

TEST(Scripts, SayWhatTheyAreForByWhateverLink) {
  const TemporaryFolder folder;
  int scripts = 0;
  for (const auto& entry : fs::directory_iterator(SAMSR_SOURCE "/launch")) {
    if (!entry.is_regular_file() || (entry.status().permissions() & fs::perms::owner_exec) == fs::perms::none) {
      continue;
    }
    ++scripts;
    const fs::path link = folder / entry.path().filename();
    fs::create_symlink(entry.path(), link);
    const Outcome help = run("cd " + folder.path() + " && SAMSR_BINARY=" SAMSR_BINARY " " + link + " --help");
    EXPECT_EQ(help.status, 0) << link << help.output;
    EXPECT_GE(std::count(help.output.begin(), help.output.end(), '\n'), 1) << link;
    EXPECT_THAT(help.output, Not(HasSubstr("SBATCH -"))) << link;
    EXPECT_THAT(help.output, Not(HasSubstr(": line "))) << link;
  }
  EXPECT_GE(scripts, 12);
  for (const char* script :
       {"ablation", "bench_table", "bundle", "compare_flow_maps", "compare_recipes", "demo_photographs", "mpirun -n 1",
        "quickstart", "samsr", "setup", "strip", "train_embedded"}) {
    expect_mistake(
        "SAMSR_BINARY=" SAMSR_BINARY " " SAMSR_SOURCE "/launch/" + std::string(script) + " --no-such version",
        "--no-such");
  }
}

TEST(Scripts, HelpThatCannotBePrintedIsAnError) {
  for (const char* script :
       {"bench_table", "bundle", "compare_flow_maps", "compare_recipes", "demo_photographs", "mpirun", "orted",
        "quickstart", "samsr", "setup", "slurm.sbatch", "strip", "test", "train_embedded"}) {
    for (const char* output : {">/dev/full", ">&-"}) {
      const Outcome outcome = run("{ SAMSR_BINARY=" SAMSR_BINARY " " SAMSR_SOURCE "/launch/" + std::string(script) +
                                  " --help 2>&1 " + output + "; }");
      EXPECT_EQ(outcome.status, 2) << script << output << outcome.output;
      EXPECT_THAT(outcome.output, HasSubstr("standard output")) << script << output;
      EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    }
  }
}

TEST(Scripts, ABinaryThatIsNoneIsSaidOnce) {
  const TemporaryFolder folder;
  write_text(folder / "text", "no program");
  for (const std::string& binary :
       {std::string("/nonexistent"), folder.path().string(), (folder / "text").string(), std::string("fail")}) {
    for (const char* script : {"samsr", "mpirun -n 2"}) {
      const Outcome outcome = run("SAMSR_BINARY=" + binary + " " SAMSR_SOURCE "/launch/" + script + " version");
      EXPECT_EQ(outcome.status, 2) << outcome.output;
      EXPECT_THAT(outcome.output, HasSubstr("samsr: SAMSR_BINARY=" + binary + ": no such program"));
      EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    }
  }
}

TEST(Scripts, AFolderThatIsGoneIsAMistakeAndNoFault) {
  const TemporaryFolder folder;
  for (const char* script : {"samsr version", "mpirun -n 2 --restarts 2 --restart-pause 0 version", "setup --help"}) {
    fs::create_directories(folder / "gone");
    const Outcome outcome = run("cd " + (folder / "gone") + " && rmdir " + (folder / "gone") +
                                " && SAMSR_BINARY=" SAMSR_BINARY " " SAMSR_SOURCE "/launch/" + script);
    EXPECT_EQ(outcome.status, 2) << script << outcome.output;
    EXPECT_THAT(outcome.output, ::testing::EndsWith("samsr: the current folder is gone; cd elsewhere and run again\n"));
    EXPECT_THAT(outcome.output, Not(HasSubstr("ORTE"))) << script;
  }
}

TEST(MpirunScript, WhatCannotBePrintedIsAnError) {
  const TemporaryFolder folder;
  const std::string mpirun = SAMSR_SOURCE "/launch/mpirun -n 2 ";
  const std::string version = "SAMSR_BINARY=" SAMSR_BINARY " OMP_NUM_THREADS=1 " + mpirun + "version";
  const Outcome full = run("{ " + version + " 2>&1 >/dev/full; }");
  EXPECT_EQ(full.status, 2);
  EXPECT_THAT(full.output, HasSubstr("standard output cannot be written"));
  const std::string said = succeed(version);
  EXPECT_EQ(succeed(version + " >" + (folder / "said") + " && cat " + (folder / "said")), said);
  succeed("SAMSR_BINARY=/bin/echo " + mpirun + "more >>" + (folder / "said"));
  EXPECT_EQ(read_file(folder / "said"), said + "more\nmore\n");
  EXPECT_EQ(run("{ SAMSR_BINARY=/bin/false " + mpirun + "version 2>&1 >/dev/full; }").status, 1) << "its own status";
}

TEST(HasGpu, LooksForTheDriversFilesAlone) {
  const TemporaryFolder folder;
  const auto has_gpu = [&](const std::string& variable) {
    return run("PATH=/usr/bin:/bin " + variable + " bash -c 'source " SAMSR_SOURCE "/launch/common.sh; has_gpu " +
               (folder / "dev") + "'");
  };
  fs::create_directories(folder / "dev");
  write_text(folder / "dev/nvidiactl", "");
  EXPECT_EQ(has_gpu("").status, 1) << "the driver without a GPU";
  write_text(folder / "dev/nvidia3", "");
  EXPECT_EQ(has_gpu("").status, 0) << "a container's only GPU need not be the first";
  EXPECT_EQ(has_gpu("SAMSR_GPU=no").status, 1);
  fs::remove(folder / "dev/nvidia3");
  EXPECT_EQ(has_gpu("SAMSR_GPU=yes").status, 0);
  const Outcome wrong = has_gpu("SAMSR_GPU=1");
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("SAMSR_GPU='1': yes or no is needed"));
}

TEST(MpirunScript, TellsItsRanksWhetherThereIsAGpu) {
  const TemporaryFolder folder;
  write_script(folder / "mpirun", "#!/bin/bash\necho \"GPU $SAMSR_GPU\"\n");
  const std::string command = " PATH=" + folder.path() + ":$PATH " SAMSR_SOURCE "/launch/mpirun -n 2 version";
  EXPECT_THAT(run("SAMSR_GPU=yes" + command).output, HasSubstr("GPU yes"));
  EXPECT_THAT(run("SAMSR_GPU=no" + command).output, HasSubstr("GPU no"));
}

TEST(QuickstartScript, LeavesPhotographsOfTheUserAlone) {
  const TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) {
    write_text(folder / ("p/photographs/" + std::to_string(i) + ".jpg"), "photograph");
  }
  fs::create_directory_symlink(folder / "p", folder / "alias");
  const auto before = contents(folder / "p/photographs");
  for (const std::string script : {"quickstart", "train_embedded", "strip"}) {
    const std::string out = script == "strip" ? " --work " : " --out ";
    for (const auto& [images, place] : {std::pair("p/photographs", "p"), std::pair("p/photographs", "p/photographs"),
                                        std::pair("p", "p/photographs/new"), std::pair("alias/photographs", "p"),
                                        std::pair("p/photographs", "p/new/..")}) {
      const Outcome outcome = run("SAMSR_BINARY=/bin/true " SAMSR_SOURCE "/launch/" + script + " --images " +
                                  (folder / images) + out + (folder / place));
      EXPECT_EQ(outcome.status, 2) << script << " " << place << "\n" << outcome.output;
      EXPECT_THAT(outcome.output, HasSubstr(" lies in ")) << script;
      EXPECT_EQ(contents(folder / "p/photographs"), before) << script;
    }
  }
}

TEST(HashOfPictures, ChangesWithNamesAndBytesAlone) {
  const TemporaryFolder folder;
  const auto hash = [&] {
    const Outcome outcome = run("bash -euo pipefail -c 'source " SAMSR_SOURCE "/launch/common.sh; hash_of_pictures " +
                                (folder / "p") + "'");
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_EQ(outcome.output.size(), 64U + std::string("  -\n").size()) << outcome.output;
    return outcome.output;
  };
  write_text(folder / "p/a b.png", "1");
  write_text(folder / "p/sub/c.png", "2");
  const std::string before = hash();
  write_text(folder / "p/.samsr-pairs", "hidden");
  write_text(folder / "p/a b.png", "1");
  fs::create_symlink(".", folder / "p/loop");
  EXPECT_EQ(hash(), before);
  write_text(folder / "p/a b.png", "3");
  const std::string replaced = hash();
  EXPECT_NE(replaced, before);
  fs::rename(folder / "p/a b.png", folder / "p/b.png");
  EXPECT_NE(hash(), replaced);
}

TEST(StripScript, PutsItsPictureNowhereAmongPhotographs) {
  const TemporaryFolder folder;
  write_text(folder / "p/0.png", "photograph");
  for (const char* out : {"p/0.png", "p/new.png", "p/sub/new.png"}) {
    const Outcome outcome = run(SAMSR_SOURCE "/launch/strip " + (folder / out) + " --images " + (folder / "p") +
                                " --work " + (folder / "work"));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("the folder of the pictures; name a place elsewhere"));
    EXPECT_EQ(read_file(folder / "p/0.png"), "photograph");
  }
}

TEST(DemoPhotographsScript, MixesNothingIntoAFolderOfTheUser) {
  const TemporaryFolder folder;
  for (const char* name :
       {"astronaut.png", "brick.png", "camera.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png",
        "motorcycle_left.png", "motorcycle_right.png", "retina.jpg", "rocket.jpg", "chelsea.png", "coffee.png"}) {
    write_text(folder / ("deps/demo-photographs-1/skimage/data/" + std::string(name)), name);
  }
  for (const char* name : {"china.jpg", "flower.jpg"}) {
    write_text(folder / ("deps/demo-photographs-1/sklearn/datasets/images/" + std::string(name)), name);
  }
  const std::string command =
      "SAMSR_DEPS=" + (folder / "deps") + " " SAMSR_SOURCE "/launch/demo_photographs " + (folder / "out");
  for (int again = 0; again < 2; ++again) {
    ASSERT_EQ(run(command).status, 0);
    EXPECT_EQ(contents(folder / "out/train").size(), 12U);
    EXPECT_EQ(contents(folder / "out/held_out").size(), 3U);
  }
  for (const char* mine : {"train/mine.jpg", "train/camera.png", "held_out/coffee.png"}) {
    const std::string before = fs::exists(folder / "out" / mine) ? read_file(folder / "out" / mine) : "";
    write_text(folder / "out" / mine, "precious");
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.status, 2) << mine;
    EXPECT_THAT(outcome.output, HasSubstr(mine));
    EXPECT_EQ(read_file(folder / "out" / mine), "precious");
    fs::remove(folder / "out" / mine);
    if (!before.empty()) {
      write_text(folder / "out" / mine, before);
    }
  }
}

TEST(QuickstartScript, ChecksItsArguments) {
  for (const auto& [arguments, expected] :
       {std::pair("--ranks 0", "--ranks 0: a positive number is needed"),
        std::pair("--images /nowhere", "/nowhere: no such folder"),
        std::pair("--steps 3", "unknown argument '--steps'"), std::pair("--out", "--out needs a value"),
        std::pair("--images ''", "--images is empty")}) {
    const Outcome outcome = run(std::string(SAMSR_SOURCE "/launch/quickstart ") + arguments);
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_THAT(outcome.output, HasSubstr(expected));
  }
}

// Training that a signal stops saves and ends with 0. In the place of samsr stands a program that trains some steps.
TEST(QuickstartScript, DoesNotReportAStudentThatWasStopped) {
  const TemporaryFolder folder;
  const std::string program = folder / "program";
  for (const int steps : {3, 80}) {
    write_script(program, fmt::format("#!/bin/bash\n"
                                      "case \"$*\" in\n"
                                      "  settings*train.steps*) echo 80 ;;\n"
                                      "  train*) for each; do case $each in train.out=*) mkdir -p \"${{each#*=}}\"\n"
                                      "    echo step-{:08} >\"${{each#*=}}/latest\" ;; esac; done ;;\n"
                                      "  eval*) touch {} ;;\n"
                                      "esac\n",
                                      steps, (folder / "reported").string()));
    const Outcome outcome = run("SAMSR_BINARY=" + program + " " SAMSR_SOURCE "/launch/quickstart --ranks 1 --images " +
                                shared_photographs().string() + " --out " + (folder / "out").string());
    EXPECT_EQ(outcome.status, steps == 80 ? 0 : 1) << outcome.output;
    EXPECT_EQ(fs::exists(folder / "reported"), steps == 80);
    EXPECT_EQ(outcome.output.find("stopped before its last step") == std::string::npos, steps == 80) << outcome.output;
  }
}

}  // namespace
}  // namespace samsr::testing
