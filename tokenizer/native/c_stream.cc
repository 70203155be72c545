// Lookahead, and the branches of conditional directives.
#include "c_stream.h"

namespace hpcraft {

namespace {

bool is_zero(std::string_view condition) {
    return condition == "0" || (condition.size() > 1 && condition[0] == '0' && (condition[1] == ' ' || condition[1] == '/'));
}

}  // namespace

void Stream::put(const Tok &token) {
    if (count_ == ring_.size()) {
        std::vector<Tok> wider(ring_.size() * 2);
        for (size_t i = 0; i < count_; i++) wider[i] = ring_[(head_ + i) & (ring_.size() - 1)];
        ring_.swap(wider);
        head_ = 0;
    }
    ring_[(head_ + count_) & (ring_.size() - 1)] = token;
    count_++;
    filled_++;
}

Tok tok_of(const Token &token, std::string_view source, Names &names) {
    Tok made;
    made.begin = token.begin;
    made.end = token.end;
    made.kind = token.kind;
    std::string_view text = source.substr(token.begin, token.end - token.begin);
    if (token.kind == Kind::word) {
        made.value = names.intern(text);
        made.word = names[made.value].word;
    } else if (token.kind == Kind::other) {
        for (char byte : text) made.value = made.value << 8 | static_cast<uint8_t>(byte);
    }
    return made;
}

// Makes a brace of a macro that stands for one; its name is recorded here, since the parser won't see it.
void Stream::unveil(Tok &token) {
    Spelling &spelling = names_[token.value];
    if (!(spelling.traits & (opens | closes))) return;
    names_.place(token.begin, token.end, names_.outer(token.value, 'd', false));
    token.kind = Kind::other;
    token.value = op(spelling.traits & opens ? "{" : "}");
    spelling.traits |= in_code;
}

void Stream::fill() {
    Token token;
    while (lexer_.next(token)) {
        if (token.kind == Kind::newline) {
            line_start_ = true;
        } else if (token.kind == Kind::include) {
            asides_.push_back({filled_, token.begin, token.end, Part::directive});
        } else if (token.kind == Kind::other && source_[token.begin] == '#' && line_start_) {
            directive(token.begin);
        } else if (token.kind != Kind::space && token.kind != Kind::comment) {
            line_start_ = false;
            if (weak_) continue;
            Tok code = tok_of(token, source_, names_);
            if (code.end_of_text()) code.kind = Kind::number;  // a NUL byte isn't the end
            if (code.name()) unveil(code);
            if (code.is("{") || code.is("(") || code.is("[")) depth_++;
            if (code.is("}") || code.is(")") || code.is("]")) depth_--;
            last_ = code;
            put(code);
            return;
        }
    }
    if (!ended_) close_weak(uint32_t(source_.size()));
    ended_ = true;
    Tok end;
    end.begin = end.end = uint32_t(source_.size());
    put(end);
}

// Takes the tokens of a directive's logical line.
void Stream::directive(uint32_t begin) {
    Token token;
    std::string_view name;
    uint32_t end = begin + 1;
    while (lexer_.next(token)) {
        if (token.kind == Kind::newline) {
            line_start_ = true;
            break;
        }
        end = token.end;
        if (token.kind == Kind::word && name.empty()) name = source_.substr(token.begin, token.end - token.begin);
    }
    conditional(name, begin, end);
    asides_.push_back({filled_, begin, end, Part::directive});
}

bool Stream::whole(const Branch &branch) const {
    if (depth_ != branch.depth) return false;
    bool empty = last_.begin == branch.last.begin;
    return empty || last_.is(";") || last_.is("}") || last_.is(",") || last_.is(":");
}

void Stream::conditional(std::string_view name, uint32_t begin, uint32_t end) {
    if (name == "if" || name == "ifdef" || name == "ifndef") {
        std::string_view line = source_.substr(begin, end - begin);
        size_t condition = line.find_first_not_of(" \t", line.find(name) + name.size());
        bool dead = name == "if" && condition != std::string_view::npos && is_zero(line.substr(condition));
        branches_.push_back({depth_, last_, weak_, dead, false, true});
        close_weak(begin);
        set_weak(weak_ || dead, disputed_, end);
    } else if (branches_.empty()) {
        return;
    } else if (name == "else" || name == "elif" || name == "elifdef" || name == "elifndef") {
        close_weak(begin);
        next_branch(branches_.back());
        weak_from_ = end;
    } else if (name == "endif") {
        close_weak(begin);
        Branch branch = branches_.back();
        branches_.pop_back();
        set_weak(branch.outside_weak, branch.outside_weak && disputed_, end);
    } else if (weak_) {
        close_weak(begin);
        weak_from_ = end;
    }
}

void Stream::next_branch(Branch &branch) {
    if (branch.outside_weak) return;
    if (!branch.dead && branch.first && !whole(branch)) branch.rest_weak = true;
    branch.first = branch.dead;
    branch.dead = false;
    weak_ = disputed_ = branch.rest_weak;
}

void Stream::set_weak(bool weak, bool disputed, uint32_t at) {
    weak_ = weak;
    disputed_ = disputed;
    weak_from_ = at;
}

void Stream::close_weak(uint32_t at) {
    if (weak_ && at > weak_from_) asides_.push_back({filled_, weak_from_, at, disputed_ ? Part::disputed : Part::weak});
}

bool Stream::aside(Aside &out) {
    if (next_aside_ >= asides_.size() || asides_[next_aside_].before > taken_) return false;
    out = asides_[next_aside_++];
    if (next_aside_ == asides_.size()) {
        asides_.clear();
        next_aside_ = 0;
    }
    return true;
}

}  // namespace hpcraft
