"""The words the demo company is made of: names, streets, trades, products, complaints.

Written by hand for this project; nothing in here is anybody's data.
A Chinese name part is written with its pinyin (`张zhang`), so that habits can spell it in Latin.
"""

import re

_SPELLED = re.compile(r"([^\sa-z]+)([a-z]+)")


def spelled(text: str) -> tuple[tuple[str, str], ...]:
    """Parse `张zhang 王wang` into pairs of characters and pinyin."""
    return tuple((characters, pinyin) for characters, pinyin in _SPELLED.findall(text))


def words(text: str, separator: str | None = None) -> tuple[str, ...]:
    """Parse a list of words, parted by blanks or by what is said."""
    return tuple(text.split(separator))


# Roughly by how common they are: the first ones are drawn far more often.
SURNAMES = spelled("""
王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 吴wu 周zhou 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo
何he 林lin 高gao 罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 韩han 邓deng 冯feng 曹cao 彭peng
曾zeng 萧xiao 田tian 董dong 潘pan 袁yuan 蔡cai 蒋jiang 余yu 于yu 杜du 叶ye 程cheng 魏wei 苏su 吕lv
丁ding 沈shen 任ren 姚yao 卢lu 傅fu 钟zhong 姜jiang 崔cui 谭tan 廖liao 范fan 汪wang 陆lu 金jin 石shi
戴dai 贾jia 韦wei 夏xia 邱qiu 方fang 侯hou 邹zou 熊xiong 孟meng 秦qin 白bai 江jiang 阎yan 薛xue
尹yin 段duan 雷lei 龙long 史shi 陶tao 贺he 顾gu 毛mao 郝hao 龚gong 邵shao 欧阳ouyang 司马sima
诸葛zhuge 上官shangguan 单shan 仇qiu 解xie 尉迟yuchi 䶮yan
""")

# The last one of each is a character that GBK lacks and GB18030 has: a real reason for GB18030.
GIVEN_MALE = spelled("""
伟wei 强qiang 磊lei 军jun 洋yang 勇yong 杰jie 涛tao 明ming 超chao 鹏peng 辉hui 刚gang 斌bin 浩hao
凯kai 飞fei 鑫xin 波bo 亮liang 建国jianguo 志强zhiqiang 建华jianhua 国栋guodong 文博wenbo
子轩zixuan 浩然haoran 宇航yuhang 俊杰junjie 志远zhiyuan 天佑tianyou 明哲mingzhe 嘉诚jiacheng
思远siyuan 泽宇zeyu 一鸣yiming 海峰haifeng 晓东xiaodong 永康yongkang 振宇zhenyu 立新lixin
学文xuewen 少华shaohua 庆丰qingfeng 家豪jiahao 承志chengzhi 景行jingxing 云龙yunlong 𠮷ji
""")
GIVEN_FEMALE = spelled("""
芳fang 娜na 敏min 静jing 丽li 艳yan 娟juan 霞xia 燕yan 玲ling 婷ting 雪xue 慧hui 倩qian 莉li
颖ying 琳lin 洁jie 梅mei 云yun 秀英xiuying 桂英guiying 淑珍shuzhen 雨桐yutong 欣怡xinyi 梓涵zihan
诗琪shiqi 晓岚xiaolan 佳宁jianing 思雨siyu 若曦ruoxi 梦瑶mengyao 雅婷yating 美玲meiling
春兰chunlan 海燕haiyan 晓梅xiaomei 玉华yuhua 婉清wanqing 语嫣yuyan 可馨kexin 紫萱zixuan
静怡jingyi 秋月qiuyue 丽华lihua 文静wenjing 凤霞fengxia 爱玲ailing 彩云caiyun 㛃jie
""")

# What a clerk from Hong Kong or Taiwan, or an input method set to traditional, makes of them.
TRADITIONAL = str.maketrans(
    "张刘陈杨黄赵吴孙马罗郑梁谢许韩邓冯萧董蒋叶苏吕卢钟谭陆贾韦邹阎龙贺顾龚欧阳诸葛单"
    "伟强军杰涛鹏辉刚斌飞鑫国志华栋轩宇航俊远哲诚泽鸣东学庆丰云丽艳娟霞玲颖琳洁静诗岚宁"
    "梦瑶兰语凤爱",
    "張劉陳楊黃趙吳孫馬羅鄭梁謝許韓鄧馮蕭董蔣葉蘇呂盧鍾譚陸賈韋鄒閻龍賀顧龔歐陽諸葛單"
    "偉強軍傑濤鵬輝剛斌飛鑫國志華棟軒宇航俊遠哲誠澤鳴東學慶豐雲麗艷娟霞玲穎琳潔靜詩嵐寧"
    "夢瑤蘭語鳳愛",
)

WESTERN_SURNAMES = words(
    "Smith Müller Johnson Schmidt Brown Rossi Garcia Fischer Wilson Dubois Novak Andersson Taylor"
    " Weber Martin Moreau Clark O'Brien Hansen Walker Costa Meyer Nowak Lindqvist Baker Romano"
)
WESTERN_MALE = words(
    "James Michael Thomas Lukas Daniel Pierre Marco Stefan David Erik Oliver José Andrew"
    " Patrick Jürgen Antoine"
)
WESTERN_FEMALE = words(
    "Emma Sarah Anna Julia Sophie Laura Maria Claire Ingrid Kate Helena Zoë Rachel Nadia"
    " Charlotte Beatrice"
)

# city, telephone area code, first six digits of a resident ID or company code from there
CITIES = (
    ("上海", "021", "310115"),
    ("北京", "010", "110108"),
    ("深圳", "0755", "440305"),
    ("广州", "020", "440106"),
    ("杭州", "0571", "330106"),
    ("苏州", "0512", "320508"),
    ("南京", "025", "320106"),
    ("成都", "028", "510107"),
    ("武汉", "027", "420106"),
    ("西安", "029", "610113"),
    ("重庆", "023", "500103"),
    ("宁波", "0574", "330203"),
    ("青岛", "0532", "370202"),
    ("天津", "022", "120116"),
    ("长沙", "0731", "430104"),
    ("郑州", "0371", "410105"),
)
# city, country, start of a mobile number there and digits that follow, the same of a land line
WESTERN_CITIES = (
    ("Hamburg", "DE", ("+49151", 8), ("+49 40 3", 7)),
    ("London", "GB", ("+447400", 6), ("+44 20 7", 7)),
    ("Lyon", "FR", ("+33612", 6), ("+33 4 72 ", 6)),
    ("Chicago", "US", ("+1312", 7), ("+1 312 4", 6)),
    ("Milano", "IT", ("+39347", 7), ("+39 02 4", 7)),
)
STREETS = words(
    "人民路 中山北路 解放大道 建设路 科技园南路 世纪大道 文三路 天河北路 延安西路 长江路 和平街"
    " 滨江大道 学院路 新华路 滨海二路 工业园区星湖街"
)
ESTATES = words("阳光花园 翠湖天地 金色家园 锦绣江南 万科城 碧桂苑 紫荆公寓 江南春晓")
WESTERN_STREETS = words("Main Street;Hafenstraße;Rue de la Paix;High Street;Via Roma", ";")

BRAND_FIRST = tuple("华中创盛瑞恒鼎泰信远腾宏博天海金安百嘉启正联德东万诚丰凯众智云星")
BRAND_SECOND = tuple("创达科通源康和新成业兴隆拓翔联信亚美邦晟宇峰润泽捷维迅众辰澜图")
# the trade in a company's name, and how its web address spells it
TRADES = spelled("""
科技tech 贸易trade 电子dianzi 机械jixie 信息技术it 网络wangluo 医疗器械med 食品food 物流wuliu
建材jiancai 化工chem 服饰fushi 餐饮管理catering 文化传媒media 教育咨询edu 新能源energy 生物bio
自动化auto 环保huanbao 汽车配件parts 包装baozhuang 家居home 酒店管理hotel 农业nongye
""")
BRAND_PINYIN = dict(
    spelled("""
华hua 中zhong 创chuang 盛sheng 瑞rui 恒heng 鼎ding 泰tai 信xin 远yuan 腾teng 宏hong 博bo 天tian
海hai 金jin 安an 百bai 嘉jia 启qi 正zheng 联lian 德de 东dong 万wan 诚cheng 丰feng 凯kai 众zhong
智zhi 云yun 星xing 达da 科ke 通tong 源yuan 康kang 和he 新xin 成cheng 业ye 兴xing 隆long 拓tuo
翔xiang 亚ya 美mei 邦bang 晟sheng 宇yu 峰feng 润run 泽ze 捷jie 维wei 迅xun 辰chen 澜lan 图tu
""")
)
WESTERN_FORMS = {"DE": "GmbH", "GB": "Ltd.", "FR": "S.A.S.", "US": "Inc.", "IT": "S.r.l."}
WESTERN_TRADES = ("Industries", "Trading", "Systems", "Foods", "Instruments", "Logistics")

TITLES = words("采购经理 采购专员 财务经理 会计 总经理 行政主管 IT工程师 仓库主管 销售总监 助理")
TITLES_OF_SALESPEOPLE = words("供应链总监 采购负责人")
"""As salespeople would put it; no other system does."""
WESTERN_TITLES = ("Buyer", "Purchasing Manager", "Accountant", "Managing Director", "IT Manager")

# sku, name, unit price in ten-thousandths of a yuan, smallest quantity in thousandths
PRODUCTS = (
    ("A1001", "无线扫码枪", 2_980_000, 1000),
    ("A1002", "热敏标签打印机", 8_650_000, 1000),
    ("A1003", "标签纸 60×40", 126_500, 1000),
    ("A1004", "工业平板电脑", 32_990_000, 1000),
    ("B2001", "不锈钢货架", 4_599_000, 1000),
    ("B2002", "电动叉车电瓶", 68_000_000, 1000),
    ("B2003", "缠绕膜", 187_250, 500),
    ("B2004", "铜芯电缆", 63_725, 250),
    ("C3001", "会议摄像头", 12_680_000, 1000),
    ("C3002", "人体工学椅", 9_990_000, 1000),
    ("C3003", "复印纸 A4", 228_000, 1000),
    ("C3004", "投影幕布", 3_350_000, 1000),
    ("D4001", "年度维护服务", 48_000_000, 1000),
    ("D4002", "上门安装", 1_999_900, 1000),
    ("D4003", "数据迁移(小时)", 6_000_000, 250),
    ("E5001", "压力传感器", 2_337_750, 1000),
)
# name, price in fen
SHOP_PRODUCTS = (
    ("智能手环", 19_900),
    ("保温杯, 500ml", 8_990),
    ("蓝牙耳机", 29_900),
    ("桌面加湿器", 12_950),
    ('乳胶枕 "云" 系列', 25_900),
    ("儿童水壶", 6_880),
    ("充电宝", 15_900),
    ("龙井茶 250g", 36_800),
    ("旅行收纳包", 5_590),
    ("电动牙刷", 22_800),
)

TICKET_TITLES = (
    "{product}无法开机",
    "{product}什么时候发货？",
    "申请开具发票：{product}",
    "{product}到货数量不对",
    "请问{product}的保修期",
    "退货申请 – {product}",
    "Cannot connect {product} to Wi-Fi",
    "账号登录不上",
    "地址变更，请修改收货信息",
    "对账单金额有疑问",
)

NICKNAMES = words("小{} 爱吃鱼的{} {}爸爸 {}妈妈 阿{} {}😊 快乐的{} {}2008 风中的{} {}·旅行中")
PERSONAL_MAIL_HOSTS = words("qq.com 163.com 126.com sina.com foxmail.com outlook.com gmail.com")

NOTES = words(
    "已加微信;下周回访;对价格敏感;老客户介绍;展会认识，感兴趣;要求月结60天;节后再联系;只接受对公转账",
    ";",
)
SALESPEOPLE = spelled("周敏zhoumin 郑凯zhengkai 苏婷suting 何志远hezhiyuan")
