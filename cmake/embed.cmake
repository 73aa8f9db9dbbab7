# embed(target name header files...): the files' text, one after the other, becomes
#     const unsigned char NAME[];  const size_t NAME_len;
# in a source of `target`, declared by `header`.
#
# The same file, run as a script, writes that source (OUT, NAME, HEADER, FILES).
if(CMAKE_SCRIPT_MODE_FILE)
  set(bytes "")
  string(REPLACE "|" ";" FILES "${FILES}")
  foreach(file ${FILES})
    file(READ ${file} hex HEX)
    string(APPEND bytes ${hex})
  endforeach()
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  file(WRITE ${OUT} "#include \"${HEADER}\"\nconst unsigned char ${NAME}[] = {\n${bytes}};\n"
                    "const size_t ${NAME}_len = sizeof ${NAME};\n")
  return()
endif()

function(embed target name header)
  set(files "")
  foreach(file ${ARGN})
    list(APPEND files ${CMAKE_SOURCE_DIR}/${file})
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/embed/${name}.c)
  string(REPLACE ";" "|" joined "${files}")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAME=${name} -DHEADER=${header} "-DFILES=${joined}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()

embed(judge judge_program judge/program.h
  common/judge/sandbox.py common/judge/wire.py common/judge/values.py common/judge/arrays.py
  common/judge/mirrors.py common/judge/objects.py common/judge/coroutines.py
  common/judge/link.py common/judge/sources.py common/judge/blocks.py
  common/judge/program.py common/judge/prefix.py common/judge/stdio.py
  common/judge/runner.py common/judge/tolerance.py common/judge/examiner.py
  common/judge/server.py)
embed(chat chat_program chat/program.h common/chat/render.py)
