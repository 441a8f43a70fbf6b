#include <mpi.h>
#include <torch/version.h>

#include <iostream>
#include <opencv2/core/version.hpp>

#include "launch/verbs/verbs.h"
#include "launch/version.h"
#include "models/embedded/embedded_student.h"
#include "models/weights/sha256.h"

namespace samsr {

void add_version_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("version", "prints the version, and those of the libraries");
  verb->callback([&context] {
    if (context.communicator.rank() == 0) {
      std::cout << fmt::format("samsr {}\nembedded student: SHA-256 {}\n", program_version(),
                               sha256_of(embedded_student_file()).substr(0, 12));
      std::cout << fmt::format("LibTorch {}\nOpenCV {}\nOpenMPI {}.{}.{}\n", TORCH_VERSION, CV_VERSION,
                               OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
    }
  });
}

}  // namespace samsr
