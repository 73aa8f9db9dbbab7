"""Writes tests/data/text/chat.json: chat templates as checkpoints state them, and what
Jinja makes of them.  Needs jinja2.

    python3 tests/golden/make_chat.py
"""
import json
import os

import jinja2

HERE = os.path.dirname(os.path.abspath(__file__))

CHATML_DEFAULT = (  # Qwen2.5 without its tools branch, Qwen2 and SmolLM2 in one line
    "{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\\n' + messages[0]['content'] + "
    "'<|im_end|>\\n' }}{%- else %}{{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a "
    "helpful assistant.<|im_end|>\\n' }}{%- endif %}{%- for message in messages %}{%- if (message.role == \"user\") "
    "or (message.role == \"system\" and not loop.first) or (message.role == \"assistant\") %}{{- '<|im_start|>' + "
    "message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CHATML_PLAIN = (  # Qwen3 without tools and reasoning history: no system prompt of its own
    "{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}"
    "{%- endif %}{%- for message in messages %}{%- if (message.role == \"user\") or (message.role == "
    "\"assistant\") %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + "
    "message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
    "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
LLAMA31 = (  # without its tools branches
    "{{- bos_token }}{%- if not date_string is defined %}{%- set date_string = \"26 Jul 2024\" %}{%- endif %}"
    "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}"
    "{%- set messages = messages[1:] %}{%- else %}{%- set system_message = \"\" %}{%- endif %}"
    "{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}{{- \"Cutting Knowledge Date: December 2023\\n\" }}"
    "{{- \"Today Date: \" + date_string + \"\\n\\n\" }}{{- system_message }}{{- \"<|eot_id|>\" }}"
    "{%- for message in messages %}{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ "
    "message['content'] | trim + '<|eot_id|>' }}{%- endfor %}{%- if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)
LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = "
    "messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}"
    "{% endif %}{% for message in loop_messages %}{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}"
    "{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + "
    "content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + "
    "eos_token }}{% endif %}{% endfor %}"
)
MISTRAL1 = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + "
    "message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + "
    "eos_token}}{% endif %}{% endfor %}"
)
MISTRAL3 = (
    "{%- if messages[0][\"role\"] == \"system\" %}{%- set system_message = messages[0][\"content\"] %}"
    "{%- set loop_messages = messages[1:] %}{%- else %}{%- set loop_messages = messages %}{%- endif %}"
    "{{- bos_token }}{%- for message in loop_messages %}{%- if message[\"role\"] == \"user\" %}{%- if loop.last "
    "and system_message is defined %}{{- \"[INST] \" + system_message + \"\\n\\n\" + message[\"content\"] + "
    "\"[/INST]\" }}{%- else %}{{- \"[INST] \" + message[\"content\"] + \"[/INST]\" }}{%- endif %}{%- elif "
    "message[\"role\"] == \"assistant\" %}{{- \" \" + message[\"content\"]|trim + eos_token }}{%- endif %}"
    "{%- endfor %}"
)

TEMPLATES = {
    "qwen2.5": CHATML_DEFAULT,
    "smollm2": SMOLLM2,
    "qwen3": CHATML_PLAIN,
    "llama3": LLAMA3,
    "llama3.1": LLAMA31,
    "llama2": LLAMA2,
    "mistral-v0.1": MISTRAL1,
    "mistral-v0.3": MISTRAL3,
}
ASK = {"role": "user", "content": "What is 2+2?"}
CONVERSATIONS = {
    "ask": [ASK],
    "system": [{"role": "system", "content": "Be brief."}, ASK],
    "examples": [
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "It is 2."},
        ASK,
    ],
    "all": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "It is 2."},
        ASK,
    ],
}


def main():
    env = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    cases = []
    for name, text in TEMPLATES.items():
        llama3 = name.startswith("llama3")
        template = env.from_string(text)
        for kind, messages in CONVERSATIONS.items():
            if name == "mistral-v0.1" and messages[0]["role"] == "system":
                continue  # that template refuses one
            cases.append({
                "name": name + "/" + kind,
                "template": text,
                "messages": messages,
                "text": template.render(
                    messages=messages,
                    bos_token="<|begin_of_text|>" if llama3 else "<s>",
                    eos_token="<|eot_id|>" if llama3 else "</s>",
                    add_generation_prompt=True,
                ),
            })
    with open(os.path.join(HERE, "..", "data", "text", "chat.json"), "w") as out:
        json.dump(cases, out, indent=1, ensure_ascii=True)
        out.write("\n")


main()
