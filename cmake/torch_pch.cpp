// Carries the shared precompiled header; see LibTorch.cmake.
