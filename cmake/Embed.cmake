# samsr_embed(TARGET SYMBOL FILE): the text of FILE as a constant of TARGET's sources, so that the program needs no
# file beside it. Include "embedded/SYMBOL.h" for `samsr::embedded::SYMBOL`, a std::string_view.
function(samsr_embed target symbol file)
  get_filename_component(source ${file} ABSOLUTE)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/generated)
  set(header ${folder}/embedded/${symbol}.h)
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DSOURCE=${source} -DOUTPUT=${header}
            -P ${CMAKE_SOURCE_DIR}/cmake/EmbedText.cmake
    DEPENDS ${source} ${CMAKE_SOURCE_DIR}/cmake/EmbedText.cmake
    VERBATIM)
  # A target of its own, since the rule of an output is known in the folder that names it alone.
  add_custom_target(samsr_embedded_${symbol} DEPENDS ${header})
  add_dependencies(${target} samsr_embedded_${symbol})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
