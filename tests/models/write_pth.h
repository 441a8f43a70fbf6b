#pragma once

#include <caffe2/serialize/inline_container.h>

#include <filesystem>
#include <string>

#include "models/pickle_writer.h"
#include "models/weights/safetensors.h"

namespace samsr::testing {

/// A file of torch.save, each tensor with a storage of its own; under the key `state_dict` when `wrapped`.
inline void write_pth(const std::filesystem::path& path, const TensorFile& file, bool wrapped) {
  caffe2::serialize::PyTorchStreamWriter writer(path.string());
  PickleWriter pickle;
  pickle.raw("}");
  if (wrapped) {
    pickle.text("state_dict").raw("}");
  }
  std::size_t number = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const std::string key = std::to_string(number++);
    const std::string type = tensor.scalar_type() == at::kLong ? "LongStorage" : "FloatStorage";
    pickle.text(name).tensor(key, tensor.numel(), 0, tensor.sizes().vec(), tensor.strides().vec(), type).raw("s");
    writer.writeRecord("data/" + key, tensor.const_data_ptr(), tensor.nbytes());
  }
  if (wrapped) {
    pickle.raw("s");
  }
  const std::string bytes = pickle.finished();
  writer.writeRecord("data.pkl", bytes.data(), bytes.size());
  writer.writeEndOfFile();
}

}  // namespace samsr::testing
