"""The words that made-up people and companies are called by; nothing in here is anybody's data.

Lists stand in the order of how common their words are, because they are drawn by rank.
"""

from functools import cache

from pypinyin import lazy_pinyin

from demo.vocabulary import spelled, words

# The first hundred bear five sixths of all Chinese.
HAN_SURNAMES = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴"
    "霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚"
    "岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟"
) + words("欧阳 上官 司马 诸葛 夏侯 尉迟 皇甫 东方 慕容 令狐 公孙 司徒")
SURNAME_READINGS = dict(
    spelled(
        "单shan 曾zeng 解xie 仇qiu 查zha 翟zhai 区ou 尉迟yuchi 乐yue 覃qin 缪miao 卜bu 瞿qu 臧zang"
        " 吕lv 闵min 佘she 盖ge 华hua 任ren 晏yan 乔qiao 褚chu 车che 石shi 万wan 费fei 祭zhai"
    )
)
"""Where a surname isn't read as the character usually is."""
HAN_GIVEN = {
    "m": tuple(
        "伟强磊军勇杰涛明超鹏辉刚斌浩凯飞鑫波亮俊峰建平华志文龙海宇晨轩博泽天子国庆林辰松良瑞东旭豪健宏嘉诚成家"
        "振永荣新利锋彬洋阳昊然航毅恒晖炜玮维炎彦政哲思远乐康宁福兴贵富祥顺义仁德忠孝礼智信安民光耀祖传继承绍"
        "学立世景士清润源江河川山岩石岳钢铁铭锐钧铮剑帆舟帅挺翔腾骏奇琦琪圣尧舜禹启廷卓越凡非凌霄云雷震霆冬春秋夏"
    ),
    "f": tuple(
        "芳娜敏静丽艳娟霞燕玲婷雪慧倩莉颖琳洁梅云红英华秀兰萍文佳欣怡雨梦思诗涵琪瑶雅美玉淑珍春凤香月桂琴芬蓉"
        "薇菲菁莹莲蕾晴晓璐露妍嫣然可馨梓紫萱彤桐语若曦晨清婉柔宁心悦乐歌舒兮念依伊一亦艺仪宜诺蓝青黛翠碧珊瑚珠"
        "琼瑾瑜璇玥茜芸芷苒蕊荷菊秋冬夏冰霜凝露虹彩霓裳锦绣织纤素巧灵惠贤淑贞娴妮妙媛姣娇婵娥嫦凡海爱亚"
    ),
}
"""Single characters, alone or two by two; among them are many that sound alike."""
HAN_GIVEN_PAIRS = {
    "m": words(
        "建国 建华 志强 子轩 浩然 宇航 俊杰 志远 国强 建军 文博 志明 海涛 晓东 建平 志刚 浩宇"
        " 子涵 一鸣"
        " 思远 天佑 家豪 国栋 永强 明哲 振华 宇轩 梓豪 俊宇 晨曦 立新 春生 玉龙 海波 卫东 卫国"
        " 红军 爱国"
    ),
    "f": words(
        "秀英 桂英 秀兰 玉兰 淑珍 子涵 梓涵 欣怡 诗涵 雨桐 雨涵 思雨 佳怡 晓燕 海燕 丽华 玉华"
        " 红梅 春梅"
        " 美玲 雅婷 静怡 梦瑶 若曦 可馨 紫萱 文静 婉清 清漪 佳琪 思琪 雪梅 桂兰 凤英 玉珍 晓红"
        " 爱华 丽娟"
    ),
}

LATIN_SURNAMES = words(
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez"
    " Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris"
    " Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill"
    " Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips"
    " Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers"
    " Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson"
    " Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo"
    " Sanders Patel Myers Long Ross Foster Müller Schmidt Schneider Fischer Weber Meyer Wagner"
    " Becker Schulz Hoffmann Koch Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun"
    " Krüger Hofmann Hartmann Lange Werner Krause Lehmann Köhler Maier Dubois Moreau Laurent Simon"
    " Michel Lefebvre Leroy Roux Bertrand Girard Bonnet Rossi Russo Ferrari Esposito Bianchi Romano"
    " Colombo Ricci Marino Greco O'Brien O'Connor McDonald MacLeod Fitzgerald Byrne Gallagher Walsh"
    " Novák Kowalski Nowak Wiśniewski Jensen Nielsen Hansen Andersson Johansson Lindqvist Virtanen"
    " Silva Santos Ferreira Pereira Costa Papadopoulos Yılmaz Ivanov Petrov Horvat Popescu"
    " van_Dijk de_Vries de_la_Cruz van_den_Berg von_Bergen Singh Kumar Khan Ali Ahmed Hussain Cohen"
    " Levy Friedman Goldberg Katz Tanaka Suzuki Sato Park Choi Tran Pham Le Okafor Mensah Abebe"
)
LATIN_SURNAME_STARTS = words(
    "Ash Black Bran Brad Carl Clif Dal East El Fair Far Gold Green Had Hall Harl Hazel Hay Hol"
    " Kings"
    " Lang Lind Mar Mead Mel New Nor Oak Pell Rad Red Rock San Shel Stan Stone Sut Thorn Wal Wes"
    " Wing Win Wood Berg Eich Falk Grün Hohen Lich Rosen Stein Wald"
)
LATIN_SURNAME_ENDS = words(
    "ton ley ford ham worth wood field by bourne burn man mann ing son ster berg felden heim hausen"
    " bach dorf stein bridge gate cliff combe croft don shaw thorpe well wick"
)
"""Two by two they make the thousands of surnames that hardly anybody has."""
LATIN_GIVEN = {
    "m": words(
        "James Michael Robert John David William Richard Joseph Thomas Christopher Charles Daniel"
        " Matthew Anthony Mark Steven Andrew Paul Joshua Kenneth Kevin Brian Timothy Ronald George"
        " Jason Edward Jeffrey Ryan Jacob Nicholas Gary Eric Jonathan Stephen Larry Justin Scott"
        " Brandon Benjamin Samuel Gregory Alexander Patrick Frank Raymond Jack Dennis Jerry Tyler"
        " Aaron Jose Adam Nathan Henry Zachary Douglas Peter Kyle Noah Ethan Jeremy Walter Keith"
        " Lukas Stefan Jürgen Klaus Wolfgang Pierre Antoine Marco Giuseppe Luca Erik Lars Oliver"
        " Harry Oscar Felix Max Leon Paulo Miguel Carlos José André François Sergei Ivan Tomasz"
    ),
    "f": words(
        "Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty"
        " Sandra Margaret Ashley Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah"
        " Stephanie"
        " Rebecca Sharon Laura Cynthia Dorothy Amy Kathleen Angela Shirley Emma Brenda Pamela"
        " Nicole"
        " Anna Samantha Katherine Christine Debra Rachel Carolyn Janet Maria Olivia Heather Helen"
        " Catherine Diane Julie Victoria Joyce Lauren Kelly Christina Ruth Joan Virginia Judith"
        " Sophie Claire Charlotte Zoë Renée Ingrid Greta Heike Ursula Julia Giulia Chiara Beatrice"
        " Elena Carmen Lucía Inés Agnieszka Katarzyna Freya Astrid Ida Isabella Mia Amelia Grace"
    ),
}
NICKNAMES = {
    name: words(short, "/")
    for name, short in (
        entry.split("=")
        for entry in words(
            "Robert=Bob/Rob/Bobby William=Bill/Will/Billy Richard=Rick/Dick/Rich James=Jim/Jimmy"
            " John=Jack/Johnny Michael=Mike/Mick Joseph=Joe Thomas=Tom/Tommy Charles=Charlie/Chuck"
            " Christopher=Chris Daniel=Dan/Danny Matthew=Matt Anthony=Tony Steven=Steve"
            " Stephen=Steve Andrew=Andy/Drew Joshua=Josh Kenneth=Ken Timothy=Tim Ronald=Ron"
            " Edward=Ed/Ted/Eddie Jeffrey=Jeff Nicholas=Nick Jonathan=Jon Benjamin=Ben Samuel=Sam"
            " Gregory=Greg Alexander=Alex Patrick=Pat/Paddy Raymond=Ray Nathan=Nate Zachary=Zach"
            " Douglas=Doug Peter=Pete Walter=Walt Patricia=Pat/Patty/Trish Jennifer=Jenny/Jen"
            " Elizabeth=Liz/Beth/Betty/Lizzie Barbara=Barb Susan=Sue Jessica=Jess Nancy=Nan"
            " Margaret=Maggie/Peggy/Meg Kimberly=Kim Deborah=Debbie/Deb Stephanie=Steph"
            " Rebecca=Becky Cynthia=Cindy Dorothy=Dot/Dottie Kathleen=Kathy Pamela=Pam"
            " Samantha=Sam Katherine=Kate/Kathy/Katie Catherine=Cathy/Kate Christine=Chris/Tina"
            " Victoria=Vicky/Tori Christina=Tina Judith=Judy Jacob=Jake Henry=Harry/Hank"
        )
    )
}
LETTERS_NEXT = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuyiopsdfghjkjkxcvbnmn", strict=True))
"""What a finger hits that misses its key."""

# city, province, telephone area code, first four digits of a resident ID, districts with two more
HAN_CITIES = (
    ("上海", "上海", "021", "3101", "浦东新区15 徐汇区04 静安区06 闵行区12"),
    ("北京", "北京", "010", "1101", "朝阳区05 海淀区08 丰台区06 通州区12"),
    ("深圳", "广东", "0755", "4403", "南山区05 福田区04 宝安区06 龙岗区07"),
    ("广州", "广东", "020", "4401", "天河区06 越秀区04 海珠区05 白云区11"),
    ("成都", "四川", "028", "5101", "武侯区07 锦江区04 青羊区05 成华区08"),
    ("杭州", "浙江", "0571", "3301", "西湖区06 余杭区10 滨江区08 上城区02"),
    ("重庆", "重庆", "023", "5001", "渝北区12 渝中区03 江北区05 沙坪坝区06"),
    ("武汉", "湖北", "027", "4201", "洪山区11 武昌区06 江汉区03 汉阳区05"),
    ("苏州", "江苏", "0512", "3205", "姑苏区08 吴中区06 虎丘区05 相城区07"),
    ("南京", "江苏", "025", "3201", "鼓楼区06 玄武区02 江宁区15 建邺区05"),
    ("西安", "陕西", "029", "6101", "雁塔区13 碑林区03 未央区12 长安区16"),
    ("天津", "天津", "022", "1201", "南开区04 和平区01 滨海新区16 河西区03"),
    ("郑州", "河南", "0371", "4101", "金水区05 二七区03 中原区02 管城回族区04"),
    ("长沙", "湖南", "0731", "4301", "岳麓区04 芙蓉区02 天心区03 雨花区11"),
    ("青岛", "山东", "0532", "3702", "市南区02 市北区03 崂山区12 黄岛区11"),
    ("宁波", "浙江", "0574", "3302", "海曙区03 鄞州区12 江北区05 镇海区11"),
    ("沈阳", "辽宁", "024", "2101", "和平区02 沈河区03 铁西区06 皇姑区05"),
    ("厦门", "福建", "0592", "3502", "思明区03 湖里区06 集美区11 海沧区05"),
    ("哈尔滨", "黑龙江", "0451", "2301", "南岗区03 道里区02 香坊区10 松北区09"),
    ("昆明", "云南", "0871", "5301", "五华区02 盘龙区03 官渡区11 西山区12"),
)
HAN_ROADS = words(
    "人民路 中山路 解放路 建设路 和平路 新华路 文化路 长江路 黄河路 北京路 南京路 延安路 学院路"
    " 科技路 世纪大道"
    " 滨江路 湖滨路 体育路 迎宾路 朝阳路 光明路 胜利路 友谊路 团结路 振兴路 幸福路 青年路"
    " 民主路 复兴路 工业路"
)
HAN_ESTATES = words(
    "阳光花园 翠湖天地 金色家园 锦绣江南 万科城 碧桂园 紫荆公寓 江南春晓 绿地世纪城 中海国际"
    " 保利花园 恒大名都"
    " 融创壹号院 龙湖时代 华润橡树湾 金地格林 世茂滨江 融侨城 东方明珠 书香门第"
)
# city, state or country, first digits of a postal code, area code of its phones
LATIN_CITIES = (
    ("New York", "NY", "100", "+1 212"),
    ("Los Angeles", "CA", "900", "+1 213"),
    ("Chicago", "IL", "606", "+1 312"),
    ("Houston", "TX", "770", "+1 713"),
    ("Phoenix", "AZ", "850", "+1 602"),
    ("Philadelphia", "PA", "191", "+1 215"),
    ("San Diego", "CA", "921", "+1 619"),
    ("Boston", "MA", "021", "+1 617"),
    ("Seattle", "WA", "981", "+1 206"),
    ("Denver", "CO", "802", "+1 303"),
    ("Atlanta", "GA", "303", "+1 404"),
    ("Miami", "FL", "331", "+1 305"),
    ("Portland", "OR", "972", "+1 503"),
    ("Springfield", "IL", "627", "+1 217"),
    ("Columbus", "OH", "432", "+1 614"),
)
LATIN_ROADS = words(
    "Main Oak Park Maple Cedar Elm Washington Lake Hill Walnut Pine Church Spring Highland"
    " Jefferson"
    " Madison Lincoln Franklin River Center Union Prospect Chestnut Broad Market Jackson Sunset"
    " Willow Grove Mill Meadow Forest Cherry Dogwood Ridge Valley College Summit Victoria Station"
)
ROAD_KINDS = (
    ("Street", "St"),
    ("Avenue", "Ave"),
    ("Road", "Rd"),
    ("Drive", "Dr"),
    ("Lane", "Ln"),
    ("Boulevard", "Blvd"),
    ("Court", "Ct"),
)

HAN_BRAND_CHARACTERS = tuple(
    "华中创盛瑞恒鼎泰信远腾宏博天海金安百嘉启正联德东万诚丰凯众智云星达科通源康和新成业兴隆拓翔亚美邦晟宇峰润泽"
    "捷维迅辰澜图优卓越锐奥利富顺昌荣福禾木林森山川江河湖晨曦明光辉煌航飞鹏龙凤麒麟方圆君益友佳宝格力思"
)
HAN_TRADES = words(
    "科技 贸易 电子 机械 信息技术 网络科技 医疗器械 食品 物流 建材 化工 服饰 餐饮管理 文化传媒"
    " 教育咨询 新能源"
    " 生物科技 自动化设备 环保科技 汽车配件 包装材料 家居用品 酒店管理 农业发展 投资管理"
    " 建筑工程 软件 实业"
)
HAN_FORMS = ("有限公司", "有限责任公司", "股份有限公司")
HAN_FORM_SPELLINGS: tuple[str, ...] = ("有限公司", "有限责任公司")
LATIN_TRADES = words(
    "Industries Trading Systems Foods Instruments Logistics Solutions Consulting Technologies"
    " Electronics Construction Plumbing Pharma Motors Textiles Packaging Insurance Media Design"
    " Furniture Chemicals Engineering Software Imports Bakery Dental Realty Landscaping"
)
LATIN_FORMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Inc.", ("Inc", "Incorporated", "INC.")),
    ("LLC", ("L.L.C.", "Llc", "")),
    ("Ltd.", ("Limited", "Ltd", "LTD")),
    ("Corp.", ("Corporation", "Corp", "")),
    ("GmbH", ("GMBH", "gmbh", "")),
    ("Co., Ltd.", ("Co Ltd", "Company Limited", "Co. Ltd.")),
)
"""Legal forms, each with the ways in which it is typed."""

HAN_TITLES = words("经理 总监 主管 会计 总 工 主任 老师")
LATIN_TITLES = {"m": ("Mr.", "Mr", "Dr."), "f": ("Ms.", "Mrs", "Dr.")}
SHOP_NICKNAMES = words("小{} 爱吃鱼的{} {}爸爸 {}妈妈 阿{} {}😊 快乐的{} {}2008 风中的{}")
HAN_MAIL_HOSTS = words("qq.com 163.com 126.com sina.com foxmail.com 139.com outlook.com gmail.com")
LATIN_MAIL_HOSTS = words("gmail.com yahoo.com outlook.com hotmail.com icloud.com aol.com live.com")
MISTYPED_HOSTS = {"gmail.com": "gmial.com", "qq.com": "qq.con", "163.com": "136.com"}
PLACEHOLDER_PHONES = ("13800000000", "00000000000", "12345678901", "无", "11111111111", "N/A")
PLACEHOLDER_EMAILS = ("test@test.com", "无", "noemail@example.com", "a@a.com", "none@none.com")
ROLE_MAILBOXES = ("info", "sales", "service", "admin", "office")


@cache
def romanised(character: str) -> str:
    """Spell one character of a given name in pinyin, ü as v."""
    return lazy_pinyin(character, v_to_u=False)[0].replace("ü", "v")


@cache
def romanised_surname(surname: str) -> str:
    """Spell a surname in pinyin."""
    return SURNAME_READINGS.get(surname) or "".join(romanised(each) for each in surname)


@cache
def homophones(character: str) -> tuple[str, ...]:
    """Other characters of given names that sound the same: 玮 and 炜 for 伟."""
    found = {
        other
        for characters in HAN_GIVEN.values()
        for other in characters
        if romanised(other) == romanised(character)
    }
    return tuple(sorted(found - {character}))


@cache
def traditional() -> dict[int, str]:
    """Make a table from simplified to traditional characters, of those in here."""
    from opencc import OpenCC  # noqa: PLC0415 - costs a tenth of a second that few need

    characters = sorted({*"".join(HAN_SURNAMES), *HAN_GIVEN["m"], *HAN_GIVEN["f"]})
    changed = OpenCC("s2t").convert("".join(characters))
    return {ord(old): new for old, new in zip(characters, changed, strict=True) if old != new}
